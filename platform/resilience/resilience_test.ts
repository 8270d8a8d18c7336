import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CallTimeoutError, CircuitOpenError } from "./call_errors.ts";
import { createResilience, type ResilienceOptions, type ResilientCall } from "./resilience.ts";

class Outage extends Error {}
class Refusal extends Error {}

/** No pause between tries: what is tested is what is tried, not how long it takes. */
function resilience(options: Partial<ResilienceOptions> = {}): ResilientCall {
  return createResilience({
    target: "psp",
    deadlineMs: 10_000,
    tryTimeoutMs: 5_000,
    isTransient: (thrown) => thrown instanceof Outage,
    ...options,
    retry: { backoffMsMin: 0, backoffMsMax: 0, ...options.retry },
  });
}

/** Fails with what is listed, in turn, and then answers. */
function failing(...failures: Error[]) {
  const calls = { count: 0 };
  const attempt = () => {
    calls.count++;
    const failure = failures.shift();
    return failure ? Promise.reject(failure) : Promise.resolve("answer");
  };
  return { attempt, calls };
}

/** Never answers, but for its signal. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

const outages = (count: number) => Array.from({ length: count }, () => new Outage());
const once = { repeatable: false };
const repeatable = { repeatable: true };

Deno.test("A repeatable call is tried again when the target is in trouble", async () => {
  const { attempt, calls } = failing(...outages(2));
  equal(await resilience()(attempt, repeatable), "answer");
  equal(calls.count, 3);
});

Deno.test("A call that is not safe to repeat is tried once", async () => {
  const { attempt, calls } = failing(new Outage());
  await rejects(resilience()(attempt, once), Outage);
  equal(calls.count, 1);
});

Deno.test("A call that the target refuses is not tried again", async () => {
  const { attempt, calls } = failing(new Refusal());
  await rejects(resilience()(attempt, repeatable), Refusal);
  equal(calls.count, 1);
});

Deno.test("A call is given up after its last retry, with what that threw", async () => {
  const { attempt, calls } = failing(...outages(9));
  await rejects(resilience()(attempt, repeatable), Outage);
  equal(calls.count, 3);
});

Deno.test("Calls together retry no more than their budget allows", async () => {
  const call = resilience({ retry: { budget: { retriesPerCall: 0, retriesMax: 3 } } });
  const { attempt, calls } = failing(...outages(10));
  for (let count = 0; count < 4; count++) await rejects(call(attempt, repeatable), Outage);
  equal(calls.count, 4 + 3);
});

Deno.test("A try that takes too long is aborted, and the call may succeed by the next", async () => {
  const signals: AbortSignal[] = [];
  const answer = await resilience({ tryTimeoutMs: 1 })((signal) => {
    signals.push(signal);
    return signals.length === 1 ? hang(signal) : Promise.resolve("answer");
  }, repeatable);
  equal(answer, "answer");
  equal(signals[0]?.aborted, true);
});

Deno.test("A call whose only try takes too long says so, even if the try ignores its signal", async () => {
  const { promise: never } = Promise.withResolvers<never>();
  await rejects(
    resilience({ tryTimeoutMs: 1 })(() => never, once),
    (thrown) => thrown instanceof CallTimeoutError && thrown.limit === "try",
  );
});

Deno.test("The deadline bounds all tries together", async () => {
  await rejects(
    resilience({ deadlineMs: 5, tryTimeoutMs: 1_000 })(hang, repeatable),
    (thrown) => thrown instanceof CallTimeoutError && thrown.limit === "deadline",
  );
});

Deno.test("Nothing is tried once the deadline has passed in a pause between tries", async () => {
  const { promise: paused, resolve } = Promise.withResolvers<void>();
  const random = Math.random;
  // The longest pause there is: it ends after the deadline.
  Math.random = () => 0.999;
  try {
    const { attempt, calls } = failing(...outages(5));
    const retry = { backoffMsMin: 30, backoffMsMax: 30 };
    const call = resilience({ deadlineMs: 5, retry })(attempt, repeatable);
    await rejects(call, CallTimeoutError);
    setTimeout(resolve, 40);
    await paused;
    equal(calls.count, 1);
  } finally {
    Math.random = random;
  }
});

Deno.test("An open circuit lets no call through, and says for how long", async () => {
  const call = resilience({ breaker: { callsMin: 20, openMs: 5_000 } });
  for (let count = 0; count < 20; count++) {
    await rejects(call(failing(new Outage()).attempt, once), Outage);
  }
  const { attempt, calls } = failing();
  await rejects(call(attempt, once), (thrown) => {
    ok(thrown instanceof CircuitOpenError);
    ok(thrown.retryAfterMs > 4_000 && thrown.retryAfterMs <= 5_000);
    return true;
  });
  equal(calls.count, 0);
});

Deno.test("An open circuit is not retried into", async () => {
  const call = resilience({ breaker: { callsMin: 2 }, retry: { retriesMax: 5 } });
  const { attempt, calls } = failing(...outages(9));
  await rejects(call(attempt, repeatable), CircuitOpenError);
  equal(calls.count, 2);
});

Deno.test("Refusals do not open the circuit", async () => {
  const call = resilience({ breaker: { callsMin: 2 } });
  for (let count = 0; count < 50; count++) {
    await rejects(call(failing(new Refusal()).attempt, once), Refusal);
  }
  equal(await call(failing().attempt, once), "answer");
});

Deno.test("Tries that take too long open the circuit", async () => {
  const call = resilience({ tryTimeoutMs: 1, breaker: { callsMin: 2 } });
  for (let count = 0; count < 2; count++) await rejects(call(hang, once), CallTimeoutError);
  await rejects(call(failing().attempt, once), CircuitOpenError);
});

Deno.test("A circuit closes when one call succeeds after its time", async () => {
  const { now } = Date;
  let ms = 1_000_000;
  Date.now = () => ms;
  try {
    const call = resilience({ breaker: { callsMin: 2, openMs: 5_000 } });
    for (const outage of outages(2)) await rejects(call(failing(outage).attempt, once), Outage);
    ms += 4_999;
    await rejects(call(failing().attempt, once), CircuitOpenError);
    ms += 1;
    const answers = [await call(failing().attempt, once), await call(failing().attempt, once)];
    deepEqual(answers, ["answer", "answer"]);
  } finally {
    Date.now = now;
  }
});
