import { equal } from "node:assert/strict";
import { type Sign, TargetHealth } from "./target_health.ts";

const limits = { success: 2, httpFailure: 3, tcpFailure: 1, timeout: 0 };

function after(...signs: readonly Sign[]): TargetHealth {
  const health = new TargetHealth();
  for (const sign of signs) health.report(sign, limits);
  return health;
}

Deno.test("A server turns over after as many signs as its limit says, none to the contrary between them", () => {
  equal(after().isHealthy, true);
  equal(after("httpFailure", "httpFailure").isHealthy, true);
  equal(after("httpFailure", "httpFailure", "success", "httpFailure").isHealthy, true);
  equal(after("httpFailure", "httpFailure", "httpFailure").isHealthy, false);
  equal(after("tcpFailure").isHealthy, false);
});

Deno.test("It is well again after as many successes as that limit says, in a row", () => {
  equal(after("tcpFailure", "success").isHealthy, false);
  equal(after("tcpFailure", "success", "httpFailure", "success").isHealthy, false);
  equal(after("tcpFailure", "success", "success").isHealthy, true);
});

Deno.test("A limit of 0 is none", () => {
  equal(after(...Array<Sign>(300).fill("timeout")).isHealthy, true);
});
