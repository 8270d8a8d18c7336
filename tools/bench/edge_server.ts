/**
 * One server under measurement: answers its port, then its CPU time in µs to each line `cpu`, and its memory in
 * bytes to each line `rss`. Standard input begins with a line of JSON:
 * `{ kind, cert, key, ca, headersTimeoutMs?, limits? }`.
 */
import { cpuUsage } from "node:process";
import { serveTls, type TlsIdentity, type TlsMaterial, type TlsServerOptions } from "platform/tls";
import { silentLogger } from "platform/telemetry";

interface Order extends TlsMaterial {
  readonly kind: "direct" | "front";
  readonly headersTimeoutMs?: number;
  readonly limits?: TlsServerOptions["limits"];
}

const answer = () => new Response("x".repeat(62), { headers: { "content-type": "text/plain" } });
const hostname = "127.0.0.1";

async function serve({ kind, headersTimeoutMs, limits, ...material }: Order): Promise<number> {
  if (kind === "direct") {
    const { cert, key } = material;
    return Deno.serve({ hostname, port: 0, cert, key, onListen() {} }, answer).addr.port;
  }
  const nothing: Disposable = { [Symbol.dispose]() {} };
  const identity: TlsIdentity = {
    material,
    isRevoked: () => false,
    onMaterial: () => nothing,
    onRevoked: () => nothing,
    async [Symbol.asyncDispose]() {},
  };
  const options = {
    hostname,
    port: 0,
    identity,
    log: silentLogger,
    drainMs: 0,
    limits: { ...headersTimeoutMs !== undefined && { headersTimeoutMs }, ...limits },
  };
  return (await serveTls(options, answer)).port;
}

function say(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

let buffered = "";
let isServing = false;
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  buffered += text;
  for (let end = buffered.indexOf("\n"); end >= 0; end = buffered.indexOf("\n")) {
    const line = buffered.slice(0, end);
    buffered = buffered.slice(end + 1);
    if (!isServing) {
      isServing = true;
      say(await serve(JSON.parse(line)));
    } else if (line === "rss") {
      say(Deno.memoryUsage().rss);
    } else {
      const { user, system } = cpuUsage();
      say(user + system);
    }
  }
}
Deno.exit();
