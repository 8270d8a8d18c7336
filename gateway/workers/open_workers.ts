import type { Logger } from "platform/telemetry";
import { openSharedCounts } from "../adapters/mod.ts";
import type { EdgePorts } from "../edge.ts";
import type { Edges } from "../edges.ts";
import type { GatewayConfig } from "../gateway_config.ts";
import { EdgeWorker } from "./edge_worker.ts";
import { WorkerEdges } from "./worker_edges.ts";

export interface WorkersOptions {
  readonly count: number;
  /** What is in force first. */
  readonly gateway: GatewayConfig;
  /** How long answers in flight may take once closing has begun. */
  readonly drainMs: number;
  /** Told when the program must end: a worker has died, or does not go by the configuration in force. */
  readonly fail: (thrown: unknown) => void;
  readonly log: Logger;
  /** The module that workers run; a test may have another. */
  readonly entry?: URL;
}

/** Edges in several threads. Disposal drains all of them at once, and ends them. */
export interface Workers extends Edges, AsyncDisposable {
  /** Has all of them listen on the same ports. @returns which these are. */
  serve(ports: EdgePorts): Promise<EdgePorts>;
}

/** For a worker to load its modules and reach its stores. */
const openMsMax = 30_000;
/** Beyond what answers in flight may take: for WebSockets, logs and stores. */
const closeMsMax = 10_000;
const ownEntry = new URL("./main.ts", import.meta.url);

/** Starts workers, all of them or none. @throws what keeps the first of them from starting. */
export async function openWorkers(options: WorkersOptions): Promise<Workers> {
  const { count, gateway: { state }, fail, entry = ownEntry } = options;
  using starting = new DisposableStack();
  const workers = Array.from({ length: count }, (_, at) => {
    return starting.use(new EdgeWorker({ entry, threadId: at + 1, onDied: fail }));
  });
  const counts = openSharedCounts();
  await Promise.all(workers.map((worker, at) => {
    return worker.call("open", { state, counts, threadId: at + 1, threads: count }, openMsMax);
  }));
  const edges = new WorkerEdges({ workers, onSplit: fail });
  const open = starting.move();
  return {
    prepare: (config) => edges.prepare(config),
    counts: () => edges.counts(),
    healthOf: (upstreamId) => edges.healthOf(upstreamId),
    setHealth: (target, isHealthy) => edges.setHealth(target, isHealthy),
    figures: () => edges.figures(),
    serve: (ports) => serve(workers, ports),
    async [Symbol.asyncDispose]() {
      await drain(workers, options);
      open.dispose();
    },
  };
}

/** One after the other: a port that the system chooses for the first is the port of all. */
async function serve(workers: readonly EdgeWorker[], asked: EdgePorts): Promise<EdgePorts> {
  let ports = asked;
  for (const worker of workers) ports = await worker.call("serve", ports, openMsMax);
  return ports;
}

/** A worker that cannot be drained is told of, and keeps none of the others from it. */
async function drain(
  workers: readonly EdgeWorker[],
  { drainMs, log }: WorkersOptions,
): Promise<void> {
  await Promise.all(workers.map(async (worker, at) => {
    const fields = { "process.thread.id": at + 1 };
    try {
      await worker.call("close", undefined, drainMs + closeMsMax);
      log.info("Worker drained", fields);
    } catch (thrown) {
      log.failure("Worker not drained", thrown, fields);
    }
  }));
}
