/**
 * What a second worker of the gateway is worth: requests per second with one and with two, and with two gateways
 * of one each, on the same work in turn, and what they cost. Load, services and gateway share this machine. Where
 * the load needs a core itself, the gateway cannot have both: the more a request costs the gateway and the less it
 * costs all others, the more the ratio says. Two gateways side by side are what two workers could be at best.
 *
 *     deno task bench:workers [seconds per round]
 */
import { BenchChild } from "./bench_child.ts";
import { median } from "./median.ts";
import { type BenchGateway, openWorkersScene } from "./workers_scene.ts";

const seconds = Number(Deno.args[0] ?? 3);
const rounds = 3;
/** Of each thread, before it is measured: a cold one costs three times as much, and two get half as warm as one. */
const warmUpRequests = 40_000;
/** The system shares few connections out unevenly: many are wanted, so that both workers have enough to do. */
const connections = 64;
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

interface Work {
  readonly name: string;
  readonly path: string;
  readonly token?: string;
}

await using scene = await openWorkersScene();
const works: readonly Work[] = [
  { name: "forged token refused", path: "/closed", token: scene.forgedToken },
  { name: "answered by the gateway", path: "/own" },
  { name: "the same, with a local limit", path: "/limited" },
  { name: "asked of a service", path: "/proxied" },
];
interface Contender {
  readonly name: string;
  readonly gateways: readonly BenchGateway[];
  readonly threads: number;
}
const contenders: readonly Contender[] = [
  { name: "1 worker", gateways: [await scene.start(1)], threads: 1 },
  { name: "2 workers", gateways: [await scene.start(2)], threads: 2 },
  {
    name: "2 gateways",
    gateways: [await scene.start(1), await scene.start(1)],
    threads: 2,
  },
];

interface Sample {
  readonly perSecond: number;
  readonly busyCores: number;
  readonly perCpuSecond: number;
}

async function measure(
  gateways: readonly BenchGateway[],
  { path, token }: Work,
  forSeconds: number,
): Promise<Sample> {
  const cpuSeconds = () => gateways.reduce((sum, gateway) => sum + gateway.cpuSeconds(), 0);
  const before = cpuSeconds();
  const ports = gateways.map(({ port }) => port).join();
  const args = ["h1", ports, String(forSeconds), path, String(connections)];
  await using load = new BenchChild("edge_client.ts", ...args, ...token ? [token] : []);
  await load.write(scene.ca);
  await load.endInput();
  const answered = Number(await load.line());
  const cpu = cpuSeconds() - before;
  return {
    perSecond: answered / forSeconds,
    busyCores: cpu / forSeconds,
    perCpuSecond: answered / cpu,
  };
}

async function warmUp({ gateways, threads }: Contender, work: Work): Promise<void> {
  for (let answered = 0; answered < threads * warmUpRequests;) {
    answered += (await measure(gateways, work, 1)).perSecond;
  }
}

const { hardwareConcurrency: cores } = navigator;
say(
  `Medians of ${rounds} rounds of ${seconds} s, Deno ${Deno.version.deno}, ${cores} cores for all\n`,
);
say("| work | gateway | requests/s | ratio | cores it kept busy | requests per CPU s | ratio |");
say("|---|---|---|---|---|---|---|");
for (const work of works) {
  const samples = contenders.map((): Sample[] => []);
  for (const contender of contenders) await warmUp(contender, work);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { gateways }] of contenders.entries()) {
      samples[at]!.push(await measure(gateways, work, seconds));
    }
  }
  const of = (at: number, figure: keyof Sample) =>
    median(samples[at]!.map((sample) => sample[figure]));
  for (const [at, { name }] of contenders.entries()) {
    const ratio = (figure: keyof Sample) => (of(at, figure) / of(0, figure)).toFixed(2);
    const [perSecond, perCpu] = [of(at, "perSecond"), of(at, "perCpuSecond")].map(Math.round);
    const rates = [perSecond, ratio("perSecond"), of(at, "busyCores").toFixed(2)];
    say(`| ${[work.name, name, ...rates, perCpu, ratio("perCpuSecond")].join(" | ")} |`);
  }
}
