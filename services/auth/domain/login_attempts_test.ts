import { doesNotThrow, equal, throws } from "node:assert/strict";
import { AuthError } from "./auth_error.ts";
import {
  accountLimit,
  addressLimit,
  forgottenAfterMs,
  LoginAttempts,
  rememberedMax,
} from "./login_attempts.ts";

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000);

function waitSeconds(act: () => unknown): number {
  try {
    act();
    return 0;
  } catch (thrown) {
    if (thrown instanceof AuthError && thrown.code === "too_many_attempts") {
      return thrown.retryAfterSeconds!;
    }
    throw thrown;
  }
}

Deno.test("LoginAttempts doubles the wait with each failure, up to a limit that ends", () => {
  const attempts = new LoginAttempts();
  let seconds = 0;
  const waits: number[] = [];
  for (let failures = 0; failures < 20; failures++) {
    const wait = waitSeconds(() => attempts.begin("ada", `${failures}`, at(seconds)));
    if (wait > 0) {
      waits.push(wait);
      seconds += wait;
      attempts.begin("ada", `again ${failures}`, at(seconds));
    }
  }
  equal(waits.slice(0, 7).join(), "1,2,4,8,16,32,60");
  equal(Math.max(...waits), accountLimit.delaySecondsMax);
});

Deno.test("LoginAttempts counts attempts before their outcome is known", () => {
  const attempts = new LoginAttempts();
  for (let n = 0; n < accountLimit.freeMax; n++) attempts.begin("ada", `${n}`, at(0));
  throws(() => attempts.begin("ada", "other", at(0)), { code: "too_many_attempts" });
});

Deno.test("LoginAttempts forgets an account's failures when somebody gets in", () => {
  const attempts = new LoginAttempts();
  for (let n = 1; n < accountLimit.freeMax; n++) attempts.begin("ada", `${n}`, at(0));
  attempts.begin("ada", "home", at(0)).succeeded();
  for (let n = 0; n < accountLimit.freeMax; n++) {
    doesNotThrow(() => attempts.begin("ada", `later ${n}`, at(1)));
  }
});

Deno.test("LoginAttempts does not let one known password cover up guesses at others", () => {
  const attempts = new LoginAttempts();
  for (let n = 0; n < addressLimit.freeMax; n++) {
    attempts.begin(`victim ${n}`, "office", at(n));
    if (n < addressLimit.freeMax - 1) attempts.begin("own", "office", at(n)).succeeded();
  }
  throws(() => attempts.begin("own", "office", at(addressLimit.freeMax - 1)), {
    code: "too_many_attempts",
  });
});

Deno.test("LoginAttempts forgets what is long ago", () => {
  const attempts = new LoginAttempts();
  for (let n = 0; n < accountLimit.freeMax; n++) attempts.begin("ada", `${n}`, at(0));
  const later = new Date(start + forgottenAfterMs + 1);
  for (let n = 0; n < accountLimit.freeMax; n++) attempts.begin("ada", `later ${n}`, later);
});

Deno.test("LoginAttempts remembers no more than its bound, the latest ones", () => {
  const attempts = new LoginAttempts();
  for (let n = 0; n < accountLimit.freeMax; n++) attempts.begin("ada", "home", at(0));
  // Each attempt is remembered twice, by account and by address.
  for (let n = 0; n < rememberedMax / 2; n++) attempts.begin(`${n}`, `from ${n}`, at(0));
  doesNotThrow(() => attempts.begin("ada", "home", at(0)));
});

Deno.test("LoginAttempts forgets an attempt that was none, and only that one", () => {
  const attempts = new LoginAttempts();
  for (let failures = 1; failures < accountLimit.freeMax; failures++) {
    attempts.begin("ada@example.com", "192.0.2.1", at(0));
  }
  for (let none = 0; none < 20; none++) {
    attempts.begin("ada@example.com", "192.0.2.1", at(0)).wasNone();
  }
  attempts.begin("ada@example.com", "192.0.2.1", at(0));
  throws(() => attempts.begin("ada@example.com", "192.0.2.1", at(0)), AuthError);
});
