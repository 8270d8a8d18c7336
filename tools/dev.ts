/**
 * `deno task dev`: the whole platform on this machine, on embedded stores, until Ctrl-C. With `--servers`, on
 * real ones.
 */
import { stopSignal } from "platform/lifecycle";
import {
  defaultPorts,
  type ProgramName,
  type RunningPlatform,
  startPlatform,
} from "./platform/mod.ts";
import type { RealStores } from "./platform/real_stores.ts";
import { watchSources } from "./platform/watch_sources.ts";

const startedMs = performance.now();
const dir = new URL("../.dev", import.meta.url).pathname;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function table({ credentials: { edgeUrl, issuer }, ports }: RunningPlatform): string {
  const rows = [
    ["API", edgeUrl],
    ["sign-in", `${issuer}/.well-known/openid-configuration`],
    ["health", `http://127.0.0.1:${ports.gatewayAdmin}/readyz`],
    ["account", `${issuer}/account`],
    ["people", ".dev/credentials.json"],
    ["mail", ".dev/mail/"],
    ["logs", ".dev/logs/"],
  ];
  return rows.map(([name, where]) => `  ${name!.padEnd(8)} ${where}`).join("\n");
}

function figures({ memoryBytes }: RunningPlatform): string {
  const counted: ProgramName[] = ["gateway", "auth", "payment", "orders"];
  const bytes = counted.reduce((sum, name) => sum + (memoryBytes.get(name) ?? 0), 0);
  const seconds = (performance.now() - startedMs) / 1000;
  return `Ready in ${seconds.toFixed(1)} s; ${counted.join(", ")}: ${
    Math.round(bytes / 2 ** 20)
  } MB`;
}

/** The exit code of the whole run. */
async function run(): Promise<number> {
  const stop = stopSignal();
  const stopping = new AbortController();
  stop.then(() => stopping.abort(new Error("asked to stop")));
  const { signal } = stopping;
  await using stores = await openStores();
  const { extraEnv } = stores;
  await using platform = await startPlatform({
    dir,
    ports: defaultPorts,
    extraEnv,
    signal,
    report: print,
  });
  print(`${figures(platform)}\n\n${table(platform)}\n\nFirst call:\n`);
  print(`  curl --cacert .dev/tls/ca.pem ${platform.credentials.edgeUrl}/products\n`);
  print("Then `deno task demo`, in another terminal. Ctrl-C stops everything.");

  using _watching = Deno.args.includes("--watch")
    ? watchSources((names) => restart(platform, names))
    : { [Symbol.dispose]() {} };
  await stop;
  print("\nStopping");
  const clean = await platform.supervisor.stop();
  print(clean ? "Stopped" : "Stopped, but not every program ended well: see .dev/logs/");
  return clean ? 0 : 1;
}

/** Nothing, unless real servers are asked for: only then is loaded what they need. */
async function openStores(): Promise<Pick<RealStores, "extraEnv"> & AsyncDisposable> {
  if (!Deno.args.includes("--servers")) {
    return { extraEnv: {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { startRealStores } = await import("./platform/real_stores.ts");
  return await startRealStores({ dataDir: `${dir}/servers`, tlsDir: `${dir}/tls` });
}

async function restart(
  { supervisor }: RunningPlatform,
  names: readonly ProgramName[],
): Promise<void> {
  for (const name of names) {
    print(`${name} has changed: starting it again`);
    try {
      await supervisor.restart(name);
    } catch (thrown) {
      print(`${name} does not start: ${(thrown as Error).message}`);
    }
  }
}

try {
  Deno.exit(await run());
} catch (thrown) {
  print(`Cannot start the platform: ${(thrown as Error).message}`);
  Deno.exit(1);
}
