import { Caller } from "./calls.ts";
import type { WorkerCalls } from "./worker_calls.ts";

export interface EdgeWorkerOptions {
  /** The module that it runs. */
  readonly entry: URL;
  readonly threadId: number;
  /** Told once, of an error that nothing in the worker has caught. */
  readonly onDied: (thrown: Error) => void;
}

/** A worker, as the main thread sees it. Disposal ends it as it stands. */
export class EdgeWorker implements Disposable {
  readonly #worker: Worker;
  readonly #caller: Caller<WorkerCalls>;

  constructor({ entry, threadId, onDied }: EdgeWorkerOptions) {
    const name = `worker ${threadId}`;
    const { port1, port2 } = new MessageChannel();
    this.#caller = new Caller(port1, name);
    this.#worker = new Worker(entry, { type: "module", name });
    this.#worker.onerror = (event) => {
      // The runtime would end the program without a word in its log.
      event.preventDefault();
      const died = new Error(`Cannot go on: ${name} has died: ${event.message}`);
      this.#caller.end(died);
      onDied(died);
    };
    this.#worker.postMessage(port2, [port2]);
  }

  readonly call: Caller<WorkerCalls>["call"] = (name, argument, timeoutMs) =>
    this.#caller.call(name, argument, timeoutMs);

  [Symbol.dispose](): void {
    this.#worker.terminate();
    this.#caller[Symbol.dispose]();
  }
}
