import { doesNotThrow } from "node:assert/strict";
import { accountLimit, forgottenAfterMs, LoginAttempts, rememberedMax } from "./login_attempts.ts";

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000);

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
