import { AuthError } from "../domain/mod.ts";
import type { Passwords } from "../ports.ts";
import type { PasswordAnswer, PasswordTask } from "./password_worker.ts";

/** Hashes asked for and not yet made. At some 50 ms each, more would not be answered in time. */
export const pendingHashesMax = 64;
const retryAfterSeconds = 2;

type Asked =
  | { readonly act: "hash"; readonly password: string }
  | { readonly act: "verify"; readonly password: string; readonly hash: string | undefined };

/** Hashes passwords in a thread of its own: the event loop goes on meanwhile. */
export class WorkerPasswords implements Passwords, Disposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<string | boolean>>();
  #lastId = 0;
  #broken: Error | undefined;

  constructor() {
    this.#worker = new Worker(import.meta.resolve("./password_worker.ts"), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.#worker.addEventListener("error", (event) => {
      // Unhandled, it would end the process; whoever asks from now on is told.
      event.preventDefault();
      this.#fail(new Error(`Cannot hash passwords: the worker failed: ${event.message}`));
    });
  }

  async hash(password: string): Promise<string> {
    return String(await this.#ask({ act: "hash", password }));
  }

  async verify(password: string, hash: string | undefined): Promise<boolean> {
    return await this.#ask({ act: "verify", password, hash }) === true;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
    this.#fail(new Error("Cannot hash passwords: the worker has stopped"));
  }

  #ask(asked: Asked): Promise<string | boolean> {
    if (this.#broken) return Promise.reject(this.#broken);
    if (this.#pending.size >= pendingHashesMax) {
      const busy = new AuthError("busy", "Too many sign-ins at once", retryAfterSeconds);
      return Promise.reject(busy);
    }
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<string | boolean>();
    this.#pending.set(id, answer);
    const task: PasswordTask = { ...asked, id };
    this.#worker.postMessage(task);
    return answer.promise;
  }

  #answered(answer: PasswordAnswer): void {
    const asked = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("result" in answer) asked?.resolve(answer.result);
    else asked?.reject(new Error(`Cannot hash password: ${answer.failure}`));
  }

  #fail(reason: Error): void {
    this.#broken ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#pending.clear();
  }
}
