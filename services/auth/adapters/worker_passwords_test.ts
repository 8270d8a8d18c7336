import { equal, match, notEqual, rejects } from "node:assert/strict";
import { pendingHashesMax, WorkerPasswords } from "./worker_passwords.ts";

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
