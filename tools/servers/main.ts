/** `deno task servers [install]`: brings the real servers to this machine; without `install`, runs them too. */
import { stopSignal } from "platform/lifecycle";
import { findServer, serverNames } from "./found.ts";
import { startServers } from "./start.ts";

const usage = `Usage: deno task servers [install]
  install   brings what is missing to a Debian machine, as root
            (without it, starts all of them too, until Ctrl-C)`;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function install(): Promise<number> {
  const script = new URL("install.sh", import.meta.url).pathname;
  const { code } = await new Deno.Command("/bin/sh", { args: [script], stdin: "null" }).spawn()
    .status;
  for (const name of serverNames) print(`${name.padEnd(10)} ${findServer(name) ?? "not found"}`);
  return code;
}

async function run(): Promise<number> {
  const stop = stopSignal();
  const dir = new URL("../../.dev", import.meta.url).pathname;
  const place = { dataDir: `${dir}/servers`, tlsDir: `${dir}/tls` };
  await using servers = await startServers(place);
  for (const [name, value] of Object.entries(servers.variables)) print(`${name}=${value}`);
  print("\nClients show a certificate of .dev/tls. Ctrl-C stops everything.");
  await stop;
  return 0;
}

const [command, ...others] = Deno.args;
if (others.length > 0 || (command !== undefined && command !== "install")) {
  print(usage);
  Deno.exit(2);
}
const code = await install();
Deno.exit(code !== 0 || command === "install" ? code : await run());
