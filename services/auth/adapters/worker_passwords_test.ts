import { equal, match, notEqual, rejects } from "node:assert/strict";
import type { PasswordTask } from "./password_worker.ts";
import { type PasswordWorker, pendingHashesMax, WorkerPasswords } from "./worker_passwords.ts";

Deno.test("WorkerPasswords hashes with argon2id at the stated cost, salted", async () => {
  using passwords = new WorkerPasswords();
  const hash = await passwords.hash("correct horse battery");
  match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  notEqual(await passwords.hash("correct horse battery"), hash);
  equal(await passwords.verify("correct horse battery", hash), true);
  equal(await passwords.verify("correct horse batterz", hash), false);
});

Deno.test("WorkerPasswords works for an account that is not there as for one that is", async () => {
  using passwords = new WorkerPasswords();
  const hash = await passwords.hash("correct horse battery");
  const timeOf = async (given: string | undefined) => {
    const startMs = performance.now();
    equal(await passwords.verify("another horse battery", given), false);
    return performance.now() - startMs;
  };
  // The best of several: a busy machine makes one slow, never fast.
  const bestOf = async (given: string | undefined) => {
    let bestMs = Infinity;
    for (let round = 0; round < 5; round++) bestMs = Math.min(bestMs, await timeOf(given));
    return bestMs;
  };
  const absentMs = await bestOf(undefined);
  const presentMs = await bestOf(hash);
  // Without the work the first would take a hundredth of the second.
  equal(absentMs > presentMs / 3, true, `${absentMs} ms against ${presentMs} ms`);
});

Deno.test("WorkerPasswords says that it is busy rather than letting more wait", async () => {
  using passwords = new WorkerPasswords();
  const asked = Array.from({ length: pendingHashesMax }, () => passwords.verify("x", undefined));
  const answers = Promise.allSettled(asked);
  await rejects(passwords.verify("x", undefined), { code: "busy", retryAfterSeconds: 2 });
  await answers;
  equal(await passwords.verify("x", undefined), false);
});

Deno.test("WorkerPasswords leaves nobody waiting when it stops", async () => {
  const passwords = new WorkerPasswords();
  const asked = passwords.hash("correct horse battery");
  passwords[Symbol.dispose]();
  await rejects(asked, /has stopped/);
  await rejects(passwords.hash("correct horse battery"), /has stopped/);
});

Deno.test("WorkerPasswords tells those who wait when its worker fails, and goes on with another", async () => {
  const { opened, openWorker } = someWorkers();
  using passwords = new WorkerPasswords({ openWorker });
  const asked = [passwords.hash("x"), passwords.verify("x", undefined)];
  const [failing] = opened;
  failing!.dispatchEvent(new ErrorEvent("error", { message: "out of memory", cancelable: true }));
  for (const one of asked) await rejects(one, { code: "busy", retryAfterSeconds: 2 });
  equal(failing!.isTerminated, true);

  const hash = passwords.hash("x");
  equal(opened.length, 2);
  // What the one that was given up still says is nobody's answer.
  failing!.answer("late");
  opened[1]!.answer("made");
  equal(await hash, "made");
});

Deno.test("WorkerPasswords gives up a worker that does not answer, and goes on with another", async () => {
  const { opened, openWorker } = someWorkers();
  using passwords = new WorkerPasswords({ openWorker, taskTimeoutMs: 5 });
  await rejects(passwords.hash("x"), { code: "busy", retryAfterSeconds: 2 });
  equal(opened[0]!.isTerminated, true);
  const hash = passwords.hash("x");
  opened[1]!.answer("made");
  equal(await hash, "made");
});

Deno.test("WorkerPasswords opens no other worker until somebody asks", async () => {
  const { opened, openWorker } = someWorkers();
  using passwords = new WorkerPasswords({ openWorker });
  opened[0]!.dispatchEvent(new ErrorEvent("error", { message: "no module", cancelable: true }));
  equal(opened.length, 1);
  const hash = passwords.hash("x");
  opened[1]!.answer("made");
  equal(await hash, "made");
});

/** A worker that answers when the test says so. */
class FakeWorker extends EventTarget implements PasswordWorker {
  #lastId = 0;
  isTerminated = false;

  postMessage({ id }: PasswordTask): void {
    this.#lastId = id;
  }

  answer(result: string): void {
    this.dispatchEvent(new MessageEvent("message", { data: { id: this.#lastId, result } }));
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

function someWorkers(): { readonly opened: FakeWorker[]; readonly openWorker: () => FakeWorker } {
  const opened: FakeWorker[] = [];
  const openWorker = () => {
    const worker = new FakeWorker();
    opened.push(worker);
    return worker;
  };
  return { opened, openWorker };
}
