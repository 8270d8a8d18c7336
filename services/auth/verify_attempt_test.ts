import { doesNotThrow, equal, rejects, throws } from "node:assert/strict";
import { accountLimit, AuthError, LoginAttempts } from "./domain/mod.ts";
import type { Passwords } from "./ports.ts";
import { verifyAttempt } from "./verify_attempt.ts";

const now = new Date("2026-01-02T12:00:00.000Z");

function passwords(verify: Passwords["verify"]): Passwords {
  return { hash: () => Promise.reject(new Error("Unexpected call: hash")), verify };
}

Deno.test("verifyAttempt() counts no attempt whose password nobody could look at", async () => {
  const attempts = new LoginAttempts();
  const begin = () => attempts.begin("ada@example.com", "192.0.2.1", now);
  const busy = passwords(() => Promise.reject(new AuthError("busy", "There is too much to do", 1)));
  for (let round = 0; round < 3 * accountLimit.freeMax; round++) {
    const given = { password: "right", hash: "hash", attempt: begin() };
    await rejects(verifyAttempt(busy, given), AuthError);
  }
  doesNotThrow(begin);
});

Deno.test("verifyAttempt() leaves a wrong password counted", async () => {
  const attempts = new LoginAttempts();
  const begin = () => attempts.begin("ada@example.com", "192.0.2.1", now);
  const no = passwords(() => Promise.resolve(false));
  for (let round = 0; round < accountLimit.freeMax; round++) {
    const given = { password: "wrong", hash: "hash", attempt: begin() };
    equal(await verifyAttempt(no, given), false);
  }
  throws(begin, AuthError);
});
