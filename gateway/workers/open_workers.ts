import type { Logger } from "platform/telemetry";
import { openSharedCounts } from "../adapters/mod.ts";
import type { EdgePorts } from "../edge.ts";
import type { Edges } from "../edges.ts";
import type { GatewayConfig } from "../gateway_config.ts";
import { EdgeWorker } from "./edge_worker.ts";
import { defaultWorkerLimits, WorkerEdges, type WorkerLimits } from "./worker_edges.ts";

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
  readonly limits?: Partial<WorkerLimits>;
}

/** Edges in several threads. Disposal drains all of them at once, and ends them. */
export interface Workers extends Edges, AsyncDisposable {
  /** Has all of them listen on the same ports. @returns which these are. */
  serve(ports: EdgePorts): Promise<EdgePorts>;
}

const ownEntry = new URL("./main.ts", import.meta.url);

/** Starts workers, all of them or none. @throws what keeps the first of them from starting. */
export async function openWorkers(options: WorkersOptions): Promise<Workers> {
  const { count, gateway: { state }, fail, drainMs, log, entry = ownEntry } = options;
  const limits = { ...defaultWorkerLimits, ...options.limits };
  using starting = new DisposableStack();
  const workers = Array.from({ length: count }, (_, at) => {
    return starting.use(new EdgeWorker({ entry, threadId: at + 1, onDied: fail }));
  });
  const counts = openSharedCounts();
  await Promise.all(workers.map((worker, at) => {
    return worker.call(
      "open",
      { state, counts, threadId: at + 1, threads: count },
      limits.openMsMax,
    );
  }));
  const edges = new WorkerEdges({ workers, limits, onSplit: fail });
  const open = starting.move();
  return {
    prepare: (config) => edges.prepare(config),
    counts: () => edges.counts(),
    healthOf: (upstreamId) => edges.healthOf(upstreamId),
    setHealth: (target, isHealthy) => edges.setHealth(target, isHealthy),
    figures: () => edges.figures(),
    serve: (ports) => serve(workers, ports, limits.openMsMax),
    async [Symbol.asyncDispose]() {
      await drain(workers, drainMs + limits.closeMsMax, log);
      open.dispose();
    },
  };
}

/** One after the other: a port that the system chooses for the first is the port of all. */
async function serve(
  workers: readonly EdgeWorker[],
  asked: EdgePorts,
  timeoutMs: number,
): Promise<EdgePorts> {
  let ports = asked;
  for (const worker of workers) ports = await worker.call("serve", ports, timeoutMs);
  return ports;
}

/** A worker that cannot be drained is told of, and keeps none of the others from it. */
async function drain(
  workers: readonly EdgeWorker[],
  timeoutMs: number,
  log: Logger,
): Promise<void> {
  await Promise.all(workers.map(async (worker, at) => {
    const fields = { "process.thread.id": at + 1 };
    try {
      await worker.call("close", undefined, timeoutMs);
      log.info("Worker drained", fields);
    } catch (thrown) {
      log.failure("Worker not drained", thrown, fields);
    }
  }));
}
