import { AuthError } from "../domain/mod.ts";
import type { Passwords } from "../ports.ts";
import type { PasswordAnswer, PasswordTask } from "./password_worker.ts";

/** Hashes asked for and not yet made. At some 50 ms each, more would not be answered in time. */
export const pendingHashesMax = 64;
/** From a task's turn to its answer, a hundred times what it takes: then its worker is given up. */
export const taskTimeoutMs = 5_000;
const retryAfterSeconds = 2;

type Asked =
  | { readonly act: "hash"; readonly password: string }
  | { readonly act: "verify"; readonly password: string; readonly hash: string | undefined };

/** What a `Worker` is to us. */
export interface PasswordWorker extends EventTarget {
  postMessage(task: PasswordTask): void;
  terminate(): void;
}

export interface WorkerPasswordsOptions {
  readonly openWorker?: () => PasswordWorker;
  readonly taskTimeoutMs?: number;
}

/**
 * Hashes passwords in a thread of its own: the event loop goes on meanwhile. When that thread fails or
 * hangs, those who wait are told `busy`, and the next to ask gets a new one.
 */
export class WorkerPasswords implements Passwords, Disposable {
  readonly #openWorker: () => PasswordWorker;
  readonly #taskTimeoutMs: number;
  readonly #pending = new Map<number, PromiseWithResolvers<string | boolean>>();
  #worker: PasswordWorker | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;
  #stopped: Error | undefined;

  constructor(options: WorkerPasswordsOptions = {}) {
    this.#openWorker = options.openWorker ?? openPasswordWorker;
    this.#taskTimeoutMs = options.taskTimeoutMs ?? taskTimeoutMs;
    this.#worker = this.#open();
  }

  async hash(password: string): Promise<string> {
    return String(await this.#ask({ act: "hash", password }));
  }

  async verify(password: string, hash: string | undefined): Promise<boolean> {
    return await this.#ask({ act: "verify", password, hash }) === true;
  }

  [Symbol.dispose](): void {
    this.#stopped = new Error("Cannot hash passwords: the worker has stopped");
    this.#giveUpWorker(this.#stopped);
  }

  #open(): PasswordWorker {
    const worker = this.#openWorker();
    worker.addEventListener("message", (event) => {
      if (worker === this.#worker) this.#answered((event as MessageEvent<PasswordAnswer>).data);
    });
    worker.addEventListener("error", (event) => {
      // Unhandled, it would end the process.
      event.preventDefault();
      if (worker === this.#worker) this.#failed(`it said "${(event as ErrorEvent).message}"`);
    });
    return worker;
  }

  #ask(asked: Asked): Promise<string | boolean> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    if (this.#pending.size >= pendingHashesMax) {
      const busy = new AuthError("busy", "Too many sign-ins at once", retryAfterSeconds);
      return Promise.reject(busy);
    }
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<string | boolean>();
    this.#pending.set(id, answer);
    const task: PasswordTask = { ...asked, id };
    // Opened only when asked for: a worker that cannot even start is not started over and over.
    this.#worker ??= this.#open();
    this.#worker.postMessage(task);
    if (this.#deadline === undefined) this.#watch();
    return answer.promise;
  }

  #answered(answer: PasswordAnswer): void {
    const asked = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("result" in answer) asked?.resolve(answer.result);
    else asked?.reject(new Error(`Cannot hash password: ${answer.failure}`));
    // The worker does one after the other: with each answer the next one's time begins.
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#deadline);
    this.#deadline = this.#pending.size === 0
      ? undefined
      : setTimeout(() => this.#failed("it did not answer in time"), this.#taskTimeoutMs);
  }

  #failed(reason: string): void {
    const cause = new Error(`Cannot hash passwords: the worker failed: ${reason}`);
    const message = "Passwords cannot be checked right now";
    this.#giveUpWorker(new AuthError("busy", message, retryAfterSeconds, { cause }));
  }

  #giveUpWorker(reason: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#watch();
  }
}

function openPasswordWorker(): PasswordWorker {
  return new Worker(import.meta.resolve("./password_worker.ts"), { type: "module" });
}
