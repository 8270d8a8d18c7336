/**
 * What idle connections cost the gateway's public front: opens TLS connections that say nothing from another
 * process, and prints for each thousand what the server's process alone holds, and how long a new client waits
 * for its answer. Ends with 1 when not all are let in, or when it takes too long.
 *
 *     deno task bench:idle [connections, 10000] [h1 | h2]
 */
import { createAuthority } from "certs/authority";
import { issueLeaf } from "certs/leaf";
import { BenchChild } from "./bench_child.ts";

const connectionsMax = 20_000;
const step = 1_000;
const timeMsMax = 180_000;
const mebibyte = 1_048_576;

const [countText = "10000", version = "h1"] = Deno.args;
const protocol = version === "h2" ? "h2" : "http/1.1";
const connections = Math.min(Number(countText), connectionsMax);

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

// The children's inputs end with this process, and the children with those.
setTimeout(() => {
  say(`Cannot measure: it took longer than ${timeMsMax} ms`);
  Deno.exit(1);
}, timeMsMax);

const { authority, pem: { cert: ca } } = await createAuthority();
const { cert, key } = await issueLeaf(authority, { program: "gateway" });

/** With room for the clients who are to be answered. */
const room = connections + 100;
const limits = {
  connectionsMax: room,
  connectionsPerNetworkMax: room,
  handshakeTimeoutMs: timeMsMax,
  idleTimeoutMs: timeMsMax,
};
await using server = new BenchChild("edge_server.ts");
const port = await ask(server, JSON.stringify({ kind: "front", cert, key, ca, limits }));

/** Writes one line, and gives the number that is said to it. */
async function ask(child: BenchChild, line: string): Promise<number> {
  await child.write(`${line}\n`);
  return Number(await child.line());
}

/** How long a new client waits for its answer, handshake included, in ms. */
async function answeredMs(): Promise<number> {
  using client = Deno.createHttpClient({ caCerts: [ca] });
  const begunMs = performance.now();
  const response = await fetch(`https://localhost:${port}/`, { client });
  await response.text();
  if (response.status !== 200) throw new Error(`Cannot measure: the answer was ${response.status}`);
  return performance.now() - begunMs;
}

await answeredMs();
const emptyBytes = await ask(server, "rss");
say(`Idle connections of ${protocol}, Deno ${Deno.version.deno}\n`);
say("| connections | server's memory MiB | KiB each | a new client is answered in ms |");
say("|---|---|---|---|");
say(`| 0 | ${(emptyBytes / mebibyte).toFixed(0)} | | ${(await answeredMs()).toFixed(0)} |`);

await using clients = new BenchChild("idle_clients.ts", String(port), ca, protocol);
const startedMs = performance.now();
for (let wanted = Math.min(step, connections); wanted <= connections; wanted += step) {
  const open = await ask(clients, String(wanted));
  const tookMs = await answeredMs();
  const bytes = await ask(server, "rss");
  const eachKib = (bytes - emptyBytes) / open / 1_024;
  const columns = [open, (bytes / mebibyte).toFixed(0), eachKib.toFixed(1), tookMs.toFixed(0)];
  say(`| ${columns.join(" | ")} |`);
  if (open < wanted) {
    say(`\nCannot go on: only ${open} of ${wanted} were let in`);
    Deno.exit(1);
  }
}
say(`\nOpened in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
Deno.exit();
