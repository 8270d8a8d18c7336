import { deepEqual, equal, ok } from "node:assert/strict";
import { defaultPorts } from "./addresses.ts";
import { type Program, programsOf } from "./programs.ts";
import { programsOfPath } from "./watch_sources.ts";

const root = new URL("../../", import.meta.url).pathname;
const programs = programsOf({ dir: "/dev-folder", ports: defaultPorts });

interface PermissionSet {
  readonly net: readonly string[];
  readonly env: readonly string[] | true;
}

function permissionSetOf({ name, entry }: Program): PermissionSet {
  const file = `${root}${entry.replace(/main\.ts$/, "deno.json")}`;
  return JSON.parse(Deno.readTextFileSync(file)).permissions[name];
}

for (const program of programs) {
  const { name, net, env, flags } = program;
  const rights = permissionSetOf(program);

  Deno.test(`${name} may connect to whom its permission set names, and nobody else`, () => {
    deepEqual(rights.net, net);
  });

  Deno.test(`${name} may read the variables that it is given`, () => {
    // Only auth has the bare right: a library of its server enumerates the environment.
    if (rights.env === true) return equal(name, "auth");
    const missing = Object.keys(env).filter((variable) =>
      !(rights.env as string[]).includes(variable)
    );
    deepEqual(missing, []);
  });

  Deno.test(`${name} has no right to everything of a kind, nor to run programs`, () => {
    deepEqual(Object.keys(rights).toSorted(), ["env", "net"]);
    ok(flags.every((flag) => /^--allow-(read|write)=./.test(flag)), flags.join(" "));
  });

  Deno.test(`${name} writes nowhere but in its own data and its own event log`, () => {
    const written = flags.filter((flag) => flag.startsWith("--allow-write="))
      .flatMap((flag) => flag.slice("--allow-write=".length).split(","));
    const own = [`/dev-folder/data/${name}`, `/dev-folder/data/events/${name}.sqlite`];
    deepEqual(written.filter((path) => !own.includes(path)), []);
  });
}

Deno.test("a change of the platform touches every program, one of a service that one", () => {
  equal(programsOfPath(`${root}platform/http/route.ts`).length, 5);
  deepEqual(programsOfPath(`${root}services/orders/app.ts`), ["orders"]);
  deepEqual(programsOfPath(`${root}gateway/gateway.yaml`), ["gateway"]);
  deepEqual(programsOfPath(`${root}gateway/notes.md`), []);
});
