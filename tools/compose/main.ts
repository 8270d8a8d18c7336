/**
 * `deno task compose up`: starts compose.yaml, waits until all is healthy, and fetches who may sign in to
 * `.dev/compose/`. `deno task compose down` stops it. What else `docker compose` takes is handed on.
 */
import { makePrivateDir, writePrivateFile } from "certs/private-file";
import { Credentials } from "../platform/mod.ts";

const root = new URL("../..", import.meta.url).pathname;
const target = `${root}.dev/compose`;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function compose(...args: readonly string[]): Promise<void> {
  const command = new Deno.Command("docker", { args: ["compose", ...args], cwd: root });
  const { code } = await command.spawn().status;
  if (code !== 0) Deno.exit(code);
}

async function fetchCredentials(): Promise<void> {
  await makePrivateDir(target);
  await compose("cp", "setup:/setup/all/credentials.json", `${target}/credentials.json`);
  await compose("cp", "setup:/setup/all/tls/ca.pem", `${target}/ca.pem`);
  const path = `${target}/credentials.json`;
  const credentials = Credentials.parse(JSON.parse(await Deno.readTextFile(path)));
  const here = { ...credentials, caFile: `${target}/ca.pem` };
  await writePrivateFile(path, JSON.stringify(here, undefined, 2));
  print(`\n  API     ${credentials.edgeUrl}`);
  print("  people  .dev/compose/credentials.json\n");
  print("Then `deno task demo --dir .dev/compose`.");
}

const [command = "up", ...args] = Deno.args;
await compose(command, ...command === "up" ? ["--build", "--wait", ...args] : args);
if (command === "up") await fetchCredentials();
