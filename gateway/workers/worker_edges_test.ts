import { deepEqual, equal, rejects } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { threadEdges } from "../edges.ts";
import { figuresHandler } from "../figures_handler.ts";
import { parseGatewayConfig } from "../gateway_config.ts";
import { LiveApp } from "../live_app.ts";
import { fakeDependencies } from "../testing/fake_gateway.ts";
import { answerCalls, Caller } from "./calls.ts";
import { type EdgeCalls, edgeCalls } from "./edge_calls.ts";
import { WorkerEdges } from "./worker_edges.ts";

const config = parseGatewayConfig('_format_version: "3.0"\n', "gateway.yaml");
const short = { prepareMsMax: 20, commitMsMax: 20, tellMsMax: 20 };

/** Two workers, the second of which answers nothing to calls of these names. */
function edgesWith(...silent: (keyof EdgeCalls)[]) {
  const split: unknown[] = [];
  const asked: string[] = [];
  const workers = [[], silent].map((silent, at) => {
    const { pools, metrics } = fakeDependencies({ sent: [] });
    const app = new LiveApp({ config, open: () => ({ fetch: () => Promise.reject() }) });
    const { port1, port2 } = new MessageChannel();
    const answers = Object.entries(
      edgeCalls(threadEdges({ app, pools, metrics }), "https://issuer"),
    );
    answerCalls(
      port2,
      Object.fromEntries(answers.map(([name, answer]) => [name, (argument: never) => {
        asked.push(`${at + 1} ${name}`);
        if ((silent as string[]).includes(name)) return new Promise(() => {});
        return answer(argument);
      }])),
    );
    return new Caller<EdgeCalls>(port1, `worker ${at + 1}`);
  });
  const onSplit = (thrown: unknown) => void split.push(thrown);
  return {
    edges: new WorkerEdges({ workers, limits: short, onSplit }),
    split,
    asked,
    [Symbol.dispose]() {
      for (const worker of workers) worker[Symbol.dispose]();
    },
  };
}

Deno.test("a configuration that one worker does not make ready in time is given up by all", async () => {
  using scene = edgesWith("prepare");
  await rejects(scene.edges.prepare(config), /worker 2: no answer to "prepare" in 20 ms/);
  deepEqual(scene.asked.toSorted(), ["1 abandon", "1 prepare", "2 abandon", "2 prepare"]);
  deepEqual(scene.split, []);
});

Deno.test("a worker that does not put a configuration in force in time has the program end", async () => {
  using scene = edgesWith("commit");
  const prepared = await scene.edges.prepare(config);
  await rejects(async () => await prepared.commit(), /worker 2: no answer to "commit" in 20 ms/);
  equal(scene.split.length, 1);
});

Deno.test("a worker is waited for no longer than its limit when it is to tell of itself", async () => {
  using scene = edgesWith("counts", "healthOf");
  await rejects(scene.edges.counts(), /worker 2: no answer to "counts" in 20 ms/);
  await rejects(scene.edges.healthOf("pool"), /worker 2: no answer to "healthOf" in 20 ms/);
});

Deno.test("a scrape fails, and says of which worker, when one does not tell its figures", async () => {
  using scene = edgesWith("figures");
  const answer = await figuresHandler(scene.edges, silentLogger)(new Request("https://gateway/"));
  equal(answer.status, 503);
  equal(
    await answer.text(),
    'Cannot tell figures: Cannot ask worker 2: no answer to "figures" in 20 ms\n',
  );
});
