import { deepEqual, equal, ok } from "node:assert/strict";
import { libcryptoPaths } from "platform/signatures";
import { defaultPorts } from "./addresses.ts";
import { gatewayRuntimeFlag, type Program, programsOf } from "./programs.ts";
import { programsOfPath } from "./watch_sources.ts";

const root = new URL("../../", import.meta.url).pathname;
const programs = programsOf({ dir: "/dev-folder", ports: defaultPorts });

interface PermissionSet {
  readonly net: readonly string[];
  readonly env: readonly string[] | true;
  readonly ffi?: readonly string[];
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
    deepEqual(Object.keys(rights).filter((kind) => kind !== "ffi").toSorted(), ["env", "net"]);
    const given = flags.filter((flag) => flag !== gatewayRuntimeFlag);
    ok(given.every((flag) => /^--allow-(read|write)=./.test(flag)), given.join(" "));
  });

  Deno.test(`${name} may load OpenSSL's library if it is the gateway, and no other`, () => {
    deepEqual(rights.ffi, name === "gateway" ? libcryptoPaths : undefined);
  });

  Deno.test(`${name} writes nowhere but in its own data and its own event log`, () => {
    const written = flags.filter((flag) => flag.startsWith("--allow-write="))
      .flatMap((flag) => flag.slice("--allow-write=".length).split(","));
    const own = [
      `/dev-folder/data/${name}`,
      `/dev-folder/data/events/${name}.sqlite`,
      // Mail that would be sent elsewhere.
      ...name === "auth" ? ["/dev-folder/mail"] : [],
    ];
    deepEqual(written.filter((path) => !own.includes(path)), []);
  });
}

Deno.test("with Consul, a program may connect to loopback and to Consul, and to no peer by a given address", () => {
  const env = { CONSUL_HTTP_ADDR: "https://localhost:8501" };
  const extraEnv = { auth: env, payment: env, orders: env, gateway: env };
  const found = programsOf({ dir: "/dev-folder", ports: defaultPorts, extraEnv });
  const nets = Object.fromEntries(found.map(({ name, flags }) => [name, flags.at(-1)]));
  deepEqual(
    { ...nets, psp: undefined },
    {
      psp: undefined,
      auth: "--allow-net=127.0.0.1,localhost:8501",
      payment: "--allow-net=127.0.0.1,localhost:4010,localhost:8501",
      orders: "--allow-net=127.0.0.1,localhost:8501",
      gateway: "--allow-net=127.0.0.1,localhost:8501",
    },
  );
});

Deno.test("a change of the platform touches every program, one of a service that one", () => {
  equal(programsOfPath(`${root}platform/http/route.ts`).length, 5);
  deepEqual(programsOfPath(`${root}services/orders/app.ts`), ["orders"]);
  deepEqual(programsOfPath(`${root}gateway/gateway.yaml`), ["gateway"]);
  deepEqual(programsOfPath(`${root}gateway/notes.md`), []);
});
