/** A worker of the gateway: edges of its own, on the ports that all workers share. */
import { openDiscovery } from "platform/discovery";
import { createLogger } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";
import { SharedRequestCounter } from "../adapters/mod.ts";
import { loadSettings, type Settings } from "../config.ts";
import { type Edge, openEdge } from "../edge.ts";
import { gatewayConfigOf } from "../gateway_config.ts";
import { answerCalls } from "./calls.ts";
import { edgeCalls } from "./edge_calls.ts";
import { threadLogger } from "./thread_logger.ts";
import type { WorkerCalls, WorkerStart } from "./worker_calls.ts";

/** The worker's end of its channel: the library that describes it cannot be named in a published module. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<MessagePort>) => void): void;
}
const scope = globalThis as unknown as WorkerScope;

scope.addEventListener("message", ({ data: port }) => {
  const running = new AsyncDisposableStack();
  const calls: Pick<WorkerCalls, "open" | "close"> = {
    async open(start) {
      const config = loadSettings((name) => Deno.env.get(name));
      const edge = await open(running, config, start);
      const answers = edgeCalls(edge, config.tokens.issuer);
      answerCalls(port, { ...calls, ...answers, serve: edge.serve });
    },
    close: () => running.disposeAsync(),
  };
  answerCalls(port, calls);
});

async function open(
  running: AsyncDisposableStack,
  config: Settings,
  { state, counts, threadId, threads }: WorkerStart,
): Promise<Edge> {
  const log = threadLogger(createLogger({ service: "gateway", level: config.logLevel }), threadId);
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const discovery = running.use(await openDiscovery(config.discovery, { identity, log }));
  const counter = new SharedRequestCounter(counts);
  const gateway = gatewayConfigOf(state, config.tokens.issuer);
  return await openEdge(running, {
    config,
    gateway,
    identity,
    discovery,
    counter,
    threads,
    log,
  });
}
