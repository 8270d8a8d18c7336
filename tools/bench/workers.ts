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
const warmUpSeconds = 1;
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

await using scene = await openWorkersScene();
const works: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: "forged token refused", args: ["/closed", scene.forgedToken] },
  { name: "answered by the gateway", args: ["/own"] },
  { name: "the same, with a local limit", args: ["/limited"] },
  { name: "asked of a service", args: ["/proxied"] },
];
const one = await scene.start(1);
const contenders: readonly { readonly name: string; readonly gateways: readonly BenchGateway[] }[] =
  [
    { name: "1 worker", gateways: [one] },
    { name: "2 workers", gateways: [await scene.start(2)] },
    { name: "2 gateways", gateways: [one, await scene.start(1)] },
  ];

interface Sample {
  readonly perSecond: number;
  readonly busyCores: number;
  readonly perCpuSecond: number;
}

/** Two clients, on the same gateway or on one each. */
async function measure(
  gateways: readonly BenchGateway[],
  args: readonly string[],
  forSeconds: number,
): Promise<Sample> {
  const cpuSeconds = () => gateways.reduce((sum, gateway) => sum + gateway.cpuSeconds(), 0);
  const before = cpuSeconds();
  const answers = await Promise.all(
    [gateways[0]!, gateways.at(-1)!].map(async ({ port }) => {
      const load = ["h1", String(port), String(forSeconds), ...args];
      await using child = new BenchChild("edge_client.ts", ...load);
      await child.write(scene.ca);
      await child.endInput();
      return Number(await child.line());
    }),
  );
  const answered = answers.reduce((sum, count) => sum + count);
  const cpu = cpuSeconds() - before;
  return {
    perSecond: answered / forSeconds,
    busyCores: cpu / forSeconds,
    perCpuSecond: answered / cpu,
  };
}

const { hardwareConcurrency: cores } = navigator;
say(
  `Medians of ${rounds} rounds of ${seconds} s, Deno ${Deno.version.deno}, ${cores} cores for all\n`,
);
say("| work | gateway | requests/s | ratio | cores it kept busy | requests per CPU s | ratio |");
say("|---|---|---|---|---|---|---|");
for (const { name: work, args } of works) {
  const samples = contenders.map((): Sample[] => []);
  for (const { gateways } of contenders) await measure(gateways, args, warmUpSeconds);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { gateways }] of contenders.entries()) {
      samples[at]!.push(await measure(gateways, args, seconds));
    }
  }
  const of = (at: number, figure: keyof Sample) =>
    median(samples[at]!.map((sample) => sample[figure]));
  for (const [at, { name }] of contenders.entries()) {
    const ratio = (figure: keyof Sample) => (of(at, figure) / of(0, figure)).toFixed(2);
    const [perSecond, perCpu] = [of(at, "perSecond"), of(at, "perCpuSecond")].map(Math.round);
    const rates = [perSecond, ratio("perSecond"), of(at, "busyCores").toFixed(2)];
    say(`| ${[work, name, ...rates, perCpu, ratio("perCpuSecond")].join(" | ")} |`);
  }
}
