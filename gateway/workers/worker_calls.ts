import type { SharedCounts } from "../adapters/mod.ts";
import type { EdgePorts } from "../edge.ts";
import type { State } from "../entities/mod.ts";
import type { EdgeCalls } from "./edge_calls.ts";

export interface WorkerStart {
  /** What is in force first. */
  readonly state: State;
  /** Of the requests of all workers. */
  readonly counts: SharedCounts;
  readonly threadId: number;
  /** How many workers there are. */
  readonly threads: number;
}

/** What the main thread asks of a worker. The edges can be asked when it is open. */
export type WorkerCalls = EdgeCalls & {
  readonly open: (start: WorkerStart) => Promise<void>;
  /** Listens on both edges. @returns where. */
  readonly serve: (ports: EdgePorts) => Promise<EdgePorts>;
  /** Drains, and closes all that is open. */
  readonly close: () => Promise<void>;
};
