import { equal } from "node:assert/strict";
import { CircuitState } from "cockatiel";
import { SamplingBreaker } from "./sampling_breaker.ts";

function breakerAt(clock: { ms: number }): SamplingBreaker {
  return new SamplingBreaker({
    failureRatioMin: 0.5,
    callsMin: 20,
    windowMs: 10_000,
    now: () => clock.ms,
  });
}

function fail(breaker: SamplingBreaker, times: number): boolean {
  let opens = false;
  for (let count = 0; count < times; count++) opens = breaker.failure(CircuitState.Closed);
  return opens;
}

Deno.test("SamplingBreaker opens at half of twenty calls, and not one failure earlier", () => {
  const breaker = breakerAt({ ms: 0 });
  for (let count = 0; count < 10; count++) breaker.success(CircuitState.Closed);
  equal(fail(breaker, 9), false);
  equal(fail(breaker, 1), true);
});

Deno.test("SamplingBreaker does not open by one bad card among many good ones", () => {
  const breaker = breakerAt({ ms: 0 });
  for (let count = 0; count < 100; count++) breaker.success(CircuitState.Closed);
  equal(fail(breaker, 99), false);
});

Deno.test("SamplingBreaker forgets what lies longer back than its window, however quiet it was since", () => {
  const clock = { ms: 0 };
  const breaker = breakerAt(clock);
  fail(breaker, 19);
  clock.ms = 3_600_000;
  equal(fail(breaker, 1), false);
  equal(fail(breaker, 18), false);
  equal(fail(breaker, 1), true);
});

Deno.test("SamplingBreaker opens again at once when the first call after a pause fails", () => {
  equal(breakerAt({ ms: 0 }).failure(CircuitState.HalfOpen), true);
});

Deno.test("SamplingBreaker begins anew when the target has come back", () => {
  const breaker = breakerAt({ ms: 0 });
  fail(breaker, 30);
  breaker.success(CircuitState.HalfOpen);
  equal(fail(breaker, 18), false);
});
