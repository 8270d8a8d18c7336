/** `deno task demo [--dir .dev]`: a customer's day against the running platform. Any surprise ends it with 1. */
import { parseArgs } from "node:util";
import { openEdgeClient } from "./client/mod.ts";
import { runDemo } from "./demo/run_demo.ts";
import { readCredentials } from "./platform/mod.ts";

const { values: { dir } } = parseArgs({
  options: { dir: { type: "string", default: new URL("../.dev", import.meta.url).pathname } },
});

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

try {
  const credentials = await readCredentials(dir);
  using edge = await openEdgeClient(credentials);
  await runDemo({ edge, credentials, print });
} catch (thrown) {
  print(`Demo failed: ${(thrown as Error).message}`);
  Deno.exit(1);
}
