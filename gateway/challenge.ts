import { z } from "zod";
import { Problem } from "platform/problem";

/** What a caller is told it is to be known in; null leaves it out. Stands in a quoted string. */
export const Realm = z.string().regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, "not a realm")
  .nullable().default(null);

/** The value of `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export function challenge(
  scheme: string,
  parameters: Readonly<Record<string, string | null>>,
): string {
  const said = Object.entries(parameters).filter(([, value]) => value !== null);
  if (said.length === 0) return scheme;
  return `${scheme} ${said.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

/** What was thrown, and its challenge says `realm` as well when it has one. */
export function withRealm(thrown: unknown, realm: string | null): unknown {
  const said = thrown instanceof Problem && thrown.options.headers?.["www-authenticate"];
  if (realm === null || !said || !(thrown instanceof Problem)) return thrown;
  const [scheme = "", ...parameters] = said.split(" ");
  const rest = parameters.length > 0 ? `, ${parameters.join(" ")}` : "";
  return new Problem(thrown.kind, {
    ...thrown.options,
    headers: { ...thrown.options.headers, "www-authenticate": `${scheme} realm="${realm}"${rest}` },
  });
}
