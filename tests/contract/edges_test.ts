import { createApp } from "gateway";
import type { GatewayConfig } from "gateway/configuration";
import { type Edges, LiveApp, threadEdges } from "gateway/live";
import { fakeDependencies } from "gateway/testing";
import { answerCalls, Caller, type EdgeCalls, edgeCalls, WorkerEdges } from "gateway/workers";
import { edgesContract, type EdgesScene } from "./edges_contract.ts";

interface Thread {
  readonly edges: Edges;
  readonly app: LiveApp;
  findUnwell(upstreamId: string): void;
}

function aThread(config: GatewayConfig): Thread {
  const deps = fakeDependencies({ sent: [] });
  const { pools, metrics } = deps;
  const app = new LiveApp({
    config,
    open: (config) => createApp({ ...deps, config }),
    ready: (state) => () => pools.adopt(state),
  });
  return {
    app,
    edges: threadEdges({ app, pools, metrics }),
    findUnwell(upstreamId) {
      const target = config.state.targets.values().find(({ upstream }) =>
        upstream.id === upstreamId
      );
      pools.setHealth(target!, false);
    },
  };
}

function sceneOf(edges: Edges, threads: readonly Thread[], end: () => void): EdgesScene {
  return {
    edges,
    threads: threads.length,
    ask: (path) =>
      Promise.all(threads.map(async ({ app }) => {
        const peer = { clientIp: "192.0.2.1" };
        const answer = await app.fetch(new Request(`https://edge.example:8443${path}`), { peer });
        await answer.body?.cancel();
        return answer.status;
      })),
    findUnwell: (upstreamId) => threads.at(-1)!.findUnwell(upstreamId),
    [Symbol.asyncDispose]: () => Promise.resolve(end()),
  };
}

edgesContract("threadEdges", (config) => {
  const thread = aThread(config);
  return Promise.resolve(sceneOf(thread.edges, [thread], () => {}));
});

edgesContract("WorkerEdges", (config) => {
  const threads = [aThread(config), aThread(config)];
  const workers = threads.map(({ edges }, at) => {
    const { port1, port2 } = new MessageChannel();
    answerCalls(port2, edgeCalls(edges, "https://issuer"));
    return new Caller<EdgeCalls>(port1, `worker ${at + 1}`);
  });
  const fail = (thrown: unknown) => Promise.reject(thrown);
  const edges = new WorkerEdges({ workers, onSplit: fail });
  const end = () => {
    for (const worker of workers) worker[Symbol.dispose]();
  };
  return Promise.resolve(sceneOf(edges, threads, end));
});
