/**
 * What the front costs at the public edge, and what it buys: requests and CPU per request of `Deno.serve`
 * with TLS and of `serveTls`, alternating in one run, and how long each keeps a client that never ends its
 * headers. Prints a Markdown table.
 *
 *     deno run -A tools/bench/edge.ts [seconds per round]
 */
import { createAuthority } from "certs/authority";
import { issueLeaf } from "certs/leaf";
import { BenchChild } from "./bench_child.ts";
import { median } from "./median.ts";

type Kind = "direct" | "front";
type Protocol = "h1" | "h2";

const kinds: readonly Kind[] = ["direct", "front"];
const protocols: readonly Protocol[] = ["h1", "h2"];
const rounds = 5;
const warmUpSeconds = 1;
const seconds = Number(Deno.args[0] ?? 3);
const headersTimeoutMs = 1_000;
const patienceMs = 8_000;

const encoder = new TextEncoder();
const say = (text: string) => Deno.stdout.writeSync(encoder.encode(`${text}\n`));

interface Server extends AsyncDisposable {
  readonly port: number;
  cpuMicros(): Promise<number>;
}

const { authority, pem } = await createAuthority();
const { cert, key } = await issueLeaf(authority, { program: "gateway" });

async function start(kind: Kind): Promise<Server> {
  const child = new BenchChild("edge_server.ts");
  await child.write(`${JSON.stringify({ kind, cert, key, ca: pem.cert, headersTimeoutMs })}\n`);
  const port = Number(await child.line());
  return {
    port,
    async cpuMicros() {
      await child.write("cpu\n");
      return Number(await child.line());
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function load({ port }: Server, protocol: Protocol, forSeconds: number): Promise<number> {
  await using child = new BenchChild("edge_client.ts", protocol, String(port), String(forSeconds));
  await child.write(pem.cert);
  await child.endInput();
  return Number(await child.line());
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function measure(server: Server, protocol: Protocol): Promise<Sample> {
  const before = await server.cpuMicros();
  const answered = await load(server, protocol, seconds);
  const cpuMicros = (await server.cpuMicros() - before) / answered;
  return { perSecond: answered / seconds, cpuMicros };
}

/** How long a client that sends half a header is kept, in ms; Infinity when it outlasts our patience. */
async function keptMs({ port }: Server): Promise<number> {
  using connection = await Deno.connectTls({ hostname: "localhost", port, caCerts: [pem.cert] });
  await connection.write(encoder.encode("GET / HTTP/1.1\r\nhost: loc"));
  const startMs = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(Infinity), patienceMs);
  });
  const closed = connection.read(new Uint8Array(1)).catch(() => null)
    .then(() => performance.now() - startMs);
  const kept = await Promise.race([closed, patience]);
  clearTimeout(timer);
  return kept;
}

const samples = new Map<string, Sample[]>();
{
  await using direct = await start("direct");
  await using front = await start("front");
  const servers: Record<Kind, Server> = { direct, front };
  for (const protocol of protocols) {
    for (const kind of kinds) await load(servers[kind], protocol, warmUpSeconds);
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        const of = `${protocol} ${kind}`;
        samples.set(of, [...samples.get(of) ?? [], await measure(servers[kind], protocol)]);
      }
    }
  }

  say(`Medians of ${rounds} rounds of ${seconds} s, Deno ${Deno.version.deno}, alternating\n`);
  say("| server | protocol | requests/s | server CPU µs/request |\n|---|---|---|---|");
  for (const protocol of protocols) {
    for (const kind of kinds) {
      const of = samples.get(`${protocol} ${kind}`) ?? [];
      const perSecond = Math.round(median(of.map((sample) => sample.perSecond)));
      const cpuMicros = median(of.map((sample) => sample.cpuMicros)).toFixed(1);
      const name = kind === "front" ? "serveTls" : "Deno.serve";
      say(`| ${name} | ${protocol} | ${perSecond} | ${cpuMicros} |`);
    }
  }
  say(`\nHalf a header (limit of the front here: ${headersTimeoutMs} ms):`);
  for (const kind of kinds) {
    const kept = await keptMs(servers[kind]);
    const name = kind === "front" ? "serveTls" : "Deno.serve";
    say(
      Number.isFinite(kept)
        ? `- ${name}: closed after ${Math.round(kept)} ms`
        : `- ${name}: still open after ${patienceMs} ms`,
    );
  }
}
Deno.exit();
