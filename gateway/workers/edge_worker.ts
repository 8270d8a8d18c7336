import type { MemoryRequestCounter } from "../adapters/mod.ts";
import { Caller } from "./calls.ts";
import { countFor } from "./port_request_counter.ts";
import type { WorkerCalls, WorkerPorts } from "./worker_calls.ts";

export interface EdgeWorkerOptions {
  /** The module that it runs. */
  readonly entry: URL;
  readonly threadId: number;
  readonly counter: Pick<MemoryRequestCounter, "take">;
  /** Told once, of an error that nothing in the worker has caught. */
  readonly onDied: (thrown: Error) => void;
}

/** A worker, as the main thread sees it. Disposal ends it as it stands. */
export class EdgeWorker implements Disposable {
  readonly #worker: Worker;
  readonly #caller: Caller<WorkerCalls>;
  readonly #counts: MessagePort;

  constructor({ entry, threadId, counter, onDied }: EdgeWorkerOptions) {
    const name = `worker ${threadId}`;
    const calls = new MessageChannel();
    const counts = new MessageChannel();
    this.#caller = new Caller(calls.port1, name);
    this.#counts = counts.port1;
    countFor(counts.port1, counter);
    this.#worker = new Worker(entry, { type: "module", name });
    this.#worker.onerror = (event) => {
      // The runtime would end the program without a word in its log.
      event.preventDefault();
      const died = new Error(`Cannot go on: ${name} has died: ${event.message}`);
      this.#caller.end(died);
      onDied(died);
    };
    const ports: WorkerPorts = { calls: calls.port2, counts: counts.port2 };
    this.#worker.postMessage(ports, [calls.port2, counts.port2]);
  }

  readonly call: Caller<WorkerCalls>["call"] = (name, argument, timeoutMs) =>
    this.#caller.call(name, argument, timeoutMs);

  [Symbol.dispose](): void {
    this.#worker.terminate();
    this.#caller[Symbol.dispose]();
    this.#counts.close();
  }
}
