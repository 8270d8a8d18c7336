import { deepEqual, equal, rejects } from "node:assert/strict";
import { accountLimit, addressLimit, attemptLimits, AuthError } from "@services/auth/domain";
import type { SignInAttempts } from "@services/auth/ports";

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000);

/** What every SignInAttempts must do. `open` gives one that has counted nothing; without it, the tests are ignored. */
export function signInAttemptsContract(
  adapter: string,
  open?: () => Promise<SignInAttempts>,
): void {
  function test(promise: string, check: (attempts: SignInAttempts) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!()),
    });
  }

  test("doubles the wait with each failure, up to a limit that ends", async (attempts) => {
    let seconds = 0;
    const waits: number[] = [];
    for (let failures = 0; failures < 20; failures++) {
      const wait = await waitSeconds(attempts, "ada", `${failures}`, at(seconds));
      if (wait > 0) {
        waits.push(wait);
        seconds += wait;
        await attempts.begin("ada", `again ${failures}`, at(seconds));
      }
    }
    deepEqual(waits.slice(0, 7), [1, 2, 4, 8, 16, 32, 60]);
    equal(Math.max(...waits), accountLimit.delaySecondsMax);
  });

  test("counts attempts before their outcome is known, however many come at once", async (attempts) => {
    const begin = async (n: number) => await attempts.begin("ada", `${n}`, at(0));
    const begun = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => begin(n)));
    equal(begun.filter(({ status }) => status === "fulfilled").length, accountLimit.freeMax);
  });

  test("forgets an account's failures when somebody gets in", async (attempts) => {
    for (let n = 1; n < accountLimit.freeMax; n++) await attempts.begin("ada", `${n}`, at(0));
    await (await attempts.begin("ada", "home", at(0))).succeeded();
    for (let n = 0; n < accountLimit.freeMax; n++) {
      equal(await waitSeconds(attempts, "ada", `later ${n}`, at(1)), 0);
    }
  });

  test("does not let one known password cover up guesses at others", async (attempts) => {
    for (let n = 0; n < addressLimit.freeMax; n++) {
      await attempts.begin(`victim ${n}`, "office", at(n));
      if (n === addressLimit.freeMax - 1) continue;
      await (await attempts.begin("own", "office", at(n))).succeeded();
    }
    await rejects(async () => await attempts.begin("own", "office", at(addressLimit.freeMax - 1)), {
      code: "too_many_attempts",
    });
  });

  test("counts each kind of attempt by itself, by a limit of its own", async (attempts) => {
    for (let n = 0; n < accountLimit.freeMax; n++) await attempts.begin("ada", "home", at(0));
    equal(await waitSeconds(attempts, "ada", "home", at(0)), 1);
    for (const kind of ["second factor", "user code", "mail"] as const) {
      for (let n = 0; n < attemptLimits[kind].account.freeMax; n++) {
        await attempts.begin("ada", "home", at(0), kind);
      }
      const another = async () => await attempts.begin("ada", "home", at(0), kind);
      await rejects(another, { code: "too_many_attempts" });
    }
    await (await attempts.begin("ada", "home", at(1))).succeeded();
    const another = async () => await attempts.begin("ada", "home", at(0), "second factor");
    await rejects(another, { code: "too_many_attempts" }, "a known password resets nothing else");
  });

  test("does not lengthen a wait for who asks during it", async (attempts) => {
    for (let n = 0; n < accountLimit.freeMax; n++) await attempts.begin("ada", `${n}`, at(0));
    for (let n = 0; n < 10; n++) equal(await waitSeconds(attempts, "ada", "home", at(0)), 1);
    equal(await waitSeconds(attempts, "ada", "home", at(1)), 0);
  });

  test("forgets an attempt that was none, and only that one", async (attempts) => {
    for (let failures = 1; failures < accountLimit.freeMax; failures++) {
      await attempts.begin("ada", "home", at(0));
    }
    for (let none = 0; none < 20; none++) {
      await (await attempts.begin("ada", "home", at(0))).wasNone();
    }
    await attempts.begin("ada", "home", at(0));
    equal(await waitSeconds(attempts, "ada", "home", at(0)), 1);
  });

  test("puts the time of the failure before back with an attempt that was none", async (attempts) => {
    for (let n = 0; n < accountLimit.freeMax; n++) await attempts.begin("ada", `${n}`, at(0));
    await (await attempts.begin("ada", "home", at(10))).wasNone();
    equal(await waitSeconds(attempts, "ada", "home", at(0.5)), 1);
    equal(await waitSeconds(attempts, "ada", "home", at(1)), 0);
  });
}

/** How long an attempt has to wait; when not at all, it is counted. */
export async function waitSeconds(
  attempts: SignInAttempts,
  email: string,
  address: string,
  when: Date,
): Promise<number> {
  try {
    await attempts.begin(email, address, when);
    return 0;
  } catch (thrown) {
    if (thrown instanceof AuthError && thrown.code === "too_many_attempts") {
      return thrown.retryAfterSeconds!;
    }
    throw thrown;
  }
}
