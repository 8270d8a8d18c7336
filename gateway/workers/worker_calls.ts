import type { EdgePorts } from "../edge.ts";
import type { State } from "../entities/mod.ts";
import type { EdgeCalls } from "./edge_calls.ts";

/** A worker's ends of its channels: the first thing that it is sent. */
export interface WorkerPorts {
  readonly calls: MessagePort;
  /** Where requests are counted for the node. */
  readonly counts: MessagePort;
}

export interface WorkerStart {
  /** What is in force first. */
  readonly state: State;
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
