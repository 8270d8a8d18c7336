/**
 * What a second worker of the gateway is worth: requests per second with one and with two, on the same work, in
 * turn, and what they cost. Load, service and gateway share this machine: where they keep all of its cores busy,
 * only the requests per second of CPU time tell what the gateway could do with cores of its own.
 *
 *     deno task bench:workers [seconds per round]
 */
import { pause } from "platform/lifecycle";
import { silentLogger as log } from "platform/telemetry";
import { openTlsIdentity, serveMutualTls } from "platform/tls";
import {
  type Child,
  ensureDevelopmentFolder,
  freePorts,
  type Ports,
  type Program,
  programsOf,
  startChild,
} from "../platform/mod.ts";
import { BenchChild } from "./bench_child.ts";
import { median } from "./median.ts";

const seconds = Number(Deno.args[0] ?? 3);
const rounds = 3;
const counts = [1, 2] as const;
const body = "x".repeat(62);
const works = [
  { path: "/own", name: "answered by the gateway" },
  { path: "/limited", name: "the same, with a local limit" },
  { path: "/proxied", name: "asked of a service" },
] as const;

const limit = { hour: 1_000_000_000, policy: "local", "limit_by": "ip" };
const termination = { "status_code": 200, "content_type": "text/plain", body };
const ownAnswer = { name: "request-termination", config: termination };
const configuration = JSON.stringify({
  _format_version: "3.0",
  services: [{
    name: "orders",
    url: "https://orders",
    routes: [
      { name: "own", paths: ["/own"], tags: ["public"], plugins: [ownAnswer] },
      {
        name: "limited",
        paths: ["/limited"],
        tags: ["public"],
        plugins: [{ name: "rate-limiting", config: limit }, ownAnswer],
      },
      { name: "proxied", paths: ["/proxied"], tags: ["public"] },
    ],
  }],
});

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

interface Gateway extends AsyncDisposable {
  readonly child: Child;
  readonly ports: Ports;
}

/** The gateway's own program, with its own rights. Says nothing of single requests. */
async function start(dir: string, servicePort: number, workers: number): Promise<Gateway> {
  const ports = { ...freePorts(), orders: servicePort };
  const env = {
    GATEWAY_WORKERS: String(workers),
    GATEWAY_CONFIG_FILE: `${dir}/gateway.yaml`,
    LOG_LEVEL: "warn",
  };
  const isGateway = ({ name }: Program) => name === "gateway";
  const program = programsOf({ dir, ports, extraEnv: { gateway: env } }).find(isGateway)!;
  const child = startChild(program, say);
  while (!await isReady(ports)) await pause(50, new AbortController().signal);
  return {
    child,
    ports,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.ended;
    },
  };
}

async function isReady({ gatewayAdmin }: Ports): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${gatewayAdmin}/readyz`);
    return response.status === 204;
  } catch {
    // It does not listen yet.
    return false;
  }
}

/** User and system time of a process, in seconds. */
function cpuSeconds({ pid }: Child): number {
  const ticksPerSecond = 100;
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const [user, system] = text.slice(text.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
  return (user! + system!) / ticksPerSecond;
}

interface Sample {
  readonly perSecond: number;
  readonly busyCores: number;
  readonly perCpuSecond: number;
}

async function measure(
  { child, ports }: Gateway,
  { path, forSeconds, ca }: {
    readonly path: string;
    readonly forSeconds: number;
    readonly ca: string;
  },
): Promise<Sample> {
  const before = cpuSeconds(child);
  const args = ["h1", String(ports.gateway), String(forSeconds), path];
  await using load = new BenchChild("edge_client.ts", ...args);
  await load.write(ca);
  await load.endInput();
  const answered = Number(await load.line());
  const cpu = cpuSeconds(child) - before;
  return {
    perSecond: answered / forSeconds,
    busyCores: cpu / forSeconds,
    perCpuSecond: answered / cpu,
  };
}

/** The service: answers at once, in this process. */
async function serveOrders(dir: string, running: AsyncDisposableStack): Promise<number> {
  const file = (name: string) => `${dir}/tls/${name}`;
  const files = {
    certFile: file("orders/cert.pem"),
    keyFile: file("orders/key.pem"),
    caFile: file("ca.pem"),
  };
  const identity = running.use(await openTlsIdentity(files, { log }));
  const callers = new Map<string, "any">([["spiffe://sallyport/gateway", "any"]]);
  const options = { hostname: "127.0.0.1", port: 0, identity, log, drainMs: 1_000, callers };
  const server = running.use(await serveMutualTls(options, () => new Response(body)));
  return server.port;
}

await using running = new AsyncDisposableStack();
const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
running.defer(() => Deno.remove(dir, { recursive: true }));
await ensureDevelopmentFolder(dir, freePorts());
await Deno.writeTextFile(`${dir}/gateway.yaml`, configuration);
const ca = await Deno.readTextFile(`${dir}/tls/ca.pem`);
const servicePort = await serveOrders(dir, running);
const gateways = new Map<number, Gateway>();
for (const count of counts) {
  gateways.set(count, running.use(await start(dir, servicePort, count)));
}

say(
  `Medians of ${rounds} rounds of ${seconds} s, Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores for gateway, load and service\n`,
);
say("| work | workers | requests/s | ratio | cores busy | requests/CPU s | two whole cores |");
say("|---|---|---|---|---|---|---|");
for (const { path, name } of works) {
  const samples = new Map<number, Sample[]>(counts.map((count) => [count, []]));
  for (const count of counts) await measure(gateways.get(count)!, { path, forSeconds: 1, ca });
  for (let round = 0; round < rounds; round++) {
    for (const count of counts) {
      const sample = await measure(gateways.get(count)!, { path, forSeconds: seconds, ca });
      samples.get(count)!.push(sample);
    }
  }
  const [one, two] = counts.map((count) => {
    const of = (figure: keyof Sample) => median(samples.get(count)!.map((each) => each[figure]));
    return {
      perSecond: of("perSecond"),
      busyCores: of("busyCores"),
      perCpuSecond: of("perCpuSecond"),
    };
  });
  for (const [count, { perSecond, busyCores, perCpuSecond }] of [[1, one!], [2, two!]] as const) {
    const ratio = (perSecond / one!.perSecond).toFixed(2);
    // What the same price would buy if each worker had a core to itself.
    const scaled = (count * perCpuSecond / one!.perCpuSecond).toFixed(2);
    const figures = [Math.round(perSecond), ratio, busyCores.toFixed(2), Math.round(perCpuSecond)];
    say(`| ${name} | ${count} | ${figures.join(" | ")} | ${scaled} |`);
  }
}
