import { deepEqual, equal, ok } from "node:assert/strict";
import {
  ensureDevelopmentFolder,
  freePorts,
  type Program,
  type ProgramName,
  programsOf,
} from "tools/platform";

/** What each program must be told, beyond what has a default. */
const needed: Readonly<Record<ProgramName, readonly string[]>> = {
  auth: [
    "OIDC_SIGNING_KEYS_FILE",
    "OIDC_COOKIE_KEYS_FILE",
    "OIDC_CLIENTS_FILE",
    "ENCRYPTION_KEYS_FILE",
  ],
  payment: ["OIDC_CLIENT_SECRET_FILE", "ENCRYPTION_KEYS_FILE", "PSP_API_KEY_FILE"],
  orders: ["OIDC_CLIENT_SECRET_FILE", "ENCRYPTION_KEYS_FILE", "SALLYPORT_DATA_DIR"],
  gateway: [],
  psp: ["PSP_API_KEY_FILE", "PSP_WEBHOOK_SECRET_FILE"],
};
const neededByAll = ["TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"];

/** Wrong in every program, and not to be echoed by any. */
const wrong = {
  SALLYPORT_ENV: "hunter2-stage",
  LOG_LEVEL: "hunter2-loud",
  DRAIN_TIMEOUT_MS: "hunter2-ms",
  AUTH_URL: "http://hunter2:hunter2@localhost",
  EDGE_URL: "hunter2",
};

Deno.test("a program names every variable that is missing or wrong, all at once and never by value", async (t) => {
  for (const program of programsOf({ dir: "/nowhere", ports: freePorts() })) {
    const { program: name } = program;
    await t.step(name, async () => {
      const port = `${name.toUpperCase()}_PORT`;
      const env = { ...wrong, [port]: "hunter2" };
      const { code, text } = await run(program, env);
      equal(code, 1);
      const named = [...Object.keys(env), ...neededByAll, ...needed[name]];
      deepEqual(named.filter((variable) => !text.includes(`${variable}: `)), [], text);
      ok(!text.includes("hunter2"), text);
      ok(!/\bat .+:\d+:\d+/.test(text), "an operator's mistake is told without a stack");
    });
  }
});

Deno.test("a file that cannot be read is named by its variable, never by its path or content", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  try {
    const ports = freePorts();
    await ensureDevelopmentFolder(dir, ports);
    const [orders] = programsOf({ dir, ports }).filter(({ name }) => name === "orders");
    const { env } = orders!;
    const cases: [name: string, variables: string[], spoil: (path: string) => Promise<void>][] = [
      [
        "absent",
        ["OIDC_CLIENT_SECRET_FILE", "ENCRYPTION_KEYS_FILE"],
        (path) => Deno.rename(path, `${path}.away`),
      ],
      [
        "full of something else",
        ["ENCRYPTION_KEYS_FILE"],
        (path) => Deno.writeTextFile(path, "hunter2"),
      ],
      ["no key", ["TLS_KEY_FILE"], (path) => Deno.writeTextFile(path, "hunter2")],
    ];
    for (const [name, variables, spoil] of cases) {
      await t.step(name, async () => {
        const paths = variables.map((variable) => env[variable]!);
        const kept = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
        for (const path of paths) await spoil(path);
        const { code, text } = await run(orders!, env);
        equal(code, 1);
        deepEqual(variables.filter((variable) => !text.includes(variable)), [], text);
        ok(!text.includes("hunter2") && !paths.some((path) => text.includes(path)), text);
        for (const [index, path] of paths.entries()) await Deno.writeTextFile(path, kept[index]!);
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a bad variable, a file that is away and a key ring that is none are told at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  try {
    const ports = freePorts();
    await ensureDevelopmentFolder(dir, ports);
    const programs = programsOf({ dir, ports }).filter(({ env }) => env["ENCRYPTION_KEYS_FILE"]);
    deepEqual(programs.map(({ name }) => name).toSorted(), ["auth", "orders", "payment"]);
    const secretOf = { auth: "OIDC_CLIENTS_FILE" } as Readonly<Record<string, string>>;
    const storeOf = {
      auth: "AUTH_MONGODB_URL",
      orders: "ORDERS_POSTGRES_URL",
      payment: "PAYMENT_DYNAMODB_ENDPOINT",
    } as Readonly<Record<string, string>>;
    for (const program of programs) {
      const { name, env } = program;
      const secret = secretOf[name] ?? "OIDC_CLIENT_SECRET_FILE";
      await Deno.writeTextFile(env["ENCRYPTION_KEYS_FILE"]!, '{ "current": "hunter2" }');
      await Deno.remove(env[secret]!);
      await Deno.copyFile(`${dir}/tls/gateway/key.pem`, env["TLS_KEY_FILE"]!);
      const { code, text } = await run(program, {
        ...env,
        LOG_LEVEL: "hunter2",
        OIDC_ISSUER: "https://id.example/hunter2",
        SALLYPORT_ENV: "production",
        ENCRYPTION_KMS_KEY_ID: "hunter2",
      });
      equal(code, 1);
      const named = [
        "LOG_LEVEL",
        "OIDC_JWKS_URI",
        secret,
        "AWS_REGION",
        "ENCRYPTION_KEYS_FILE",
        "TLS_KEY_FILE",
        storeOf[name]!,
      ];
      deepEqual(named.filter((variable) => !text.includes(`${variable}: `)), [], text);
      ok(!text.includes("hunter2"), text);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("in production no program starts on what is for development", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  try {
    const ports = freePorts();
    await ensureDevelopmentFolder(dir, ports);
    const stores = {
      auth: "AUTH_MONGODB_URL",
      payment: "PAYMENT_DYNAMODB_ENDPOINT",
      orders: "ORDERS_POSTGRES_URL",
      psp: "SALLYPORT_ENV",
      gateway: "REDIS_URL",
    };
    for (const program of programsOf({ dir, ports })) {
      const { program: name } = program;
      await t.step(name, async () => {
        const { code, text } = await run(program, {
          ...program.env,
          SALLYPORT_ENV: "production",
        });
        equal(code, 1);
        ok(text.includes(stores[name]), text);
        ok(name === "psp" || text.includes("REDIS_URL: "), text);
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** Runs a program with these variables and no others. @returns how it ended, and all that it printed. */
async function run(
  { name, entry, flags }: Program,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly text: string }> {
  const runtime = ["DENO_DIR", "HOME", "XDG_CACHE_HOME"].flatMap((variable) => {
    const value = Deno.env.get(variable);
    return value === undefined ? [] : [[variable, value] as const];
  });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `-P=${name}`,
      ...flags,
      new URL(`../../${entry}`, import.meta.url).pathname,
    ],
    clearEnv: true,
    env: { ...Object.fromEntries(runtime), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(20_000),
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
