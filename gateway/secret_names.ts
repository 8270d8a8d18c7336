import { z } from "zod";
import type { State } from "./entities/state.ts";

/** Whoever looks for credentials says where by one of these. */
const Places = z.object({
  key_names: z.array(z.string()).catch([]),
  header_names: z.array(z.string()).catch([]),
}).transform(({ key_names: keys, header_names: headers }) => [...keys, ...headers]);

const tellTale =
  /auth|cookie|token|secret|passw|credential|session|signature|api-?key|client-cert|csrf|xsrf/;

/** Tells headers whose values must not be shown, by what they are called or what the configuration uses them for. */
export function secretHeaders({ plugins }: State): (name: string) => boolean {
  const names = plugins.values().flatMap(({ config }) => Places.parse(config));
  const used = new Set(names.map((name) => name.toLowerCase()));
  return (name) => tellTale.test(name) || used.has(name);
}
