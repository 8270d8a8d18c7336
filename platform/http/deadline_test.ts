import { deepEqual, equal } from "node:assert/strict";
import { type DeadlineBindings, withDeadline } from "./deadline.ts";
import { problem } from "./testing/things_api.ts";

const timekeeper = "spiffe://sallyport/gateway";
const gateway = { spiffeId: timekeeper };

interface Timer {
  readonly delayMs: number;
  readonly act: () => void;
}

/** A handler under deadlines whose timers are the test's, and who answers when it is told to. */
function scene(answer: Promise<Response> = Promise.resolve(new Response("ok"))) {
  const timers = new Set<Timer>();
  const given: DeadlineBindings[] = [];
  const handle = withDeadline((_request, bindings) => {
    given.push(bindings);
    return answer;
  }, {
    timekeeper,
    after(delayMs, act) {
      const timer = { delayMs, act };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
  });
  const ask = (timeLeft: string | undefined, peer = gateway) =>
    handle(
      new Request("https://orders.test", {
        headers: timeLeft === undefined ? {} : { "x-request-timeout-ms": timeLeft },
      }),
      peer,
    );
  return { ask, given, timers };
}

Deno.test("withDeadline() answers in time as the handler does, and leaves no timer", async () => {
  const { ask, given, timers } = scene();
  equal(await (await ask("1500")).text(), "ok");
  deepEqual([given[0]?.signal?.aborted, given[0]?.peer, timers.size], [false, gateway, 0]);
});

Deno.test("withDeadline() is 504 when the time is over, and the handler is told by the same problem", async () => {
  const { ask, given, timers } = scene(new Promise(() => {}));
  const asking = ask("1500");
  const [timer] = timers;
  equal(timer?.delayMs, 1_500);
  timer?.act();
  equal(await problem(await asking), "504 gateway-timeout");
  equal(given[0]?.signal?.reason.kind.status, 504);
});

Deno.test("withDeadline() begins nothing when no time is left", async () => {
  const { ask, given } = scene();
  equal(await problem(await ask("0")), "504 gateway-timeout");
  deepEqual(given, []);
});

Deno.test("withDeadline() knows whole milliseconds up to what a timer takes, and refuses the rest", async () => {
  const { ask, given, timers } = scene();
  equal((await ask("2147483647")).status, 200);
  for (const odd of ["2147483648", "99999999999", "-1", "1.5", "1e3", "0x10", "soon", "", "1, 2"]) {
    equal(await problem(await ask(odd)), "400 invalid-request", odd);
  }
  deepEqual([given.length, timers.size], [1, 0]);
});

Deno.test("withDeadline() believes nobody but the timekeeper, and sets no time where none is told", async () => {
  const { ask, given } = scene();
  for (const spiffeId of ["spiffe://sallyport/orders", "spiffe://sallyport/gateway2", ""]) {
    equal((await ask("0", { spiffeId })).status, 200);
  }
  equal((await ask(undefined)).status, 200);
  deepEqual(given.map(({ signal }) => signal), Array(4).fill(undefined));
});

Deno.test("withDeadline() takes a failure after a late answer for nobody's", async () => {
  const failing = Promise.withResolvers<Response>();
  const { ask, timers } = scene(failing.promise);
  const asking = ask("5");
  timers.values().next().value?.act();
  equal((await asking).status, 504);
  failing.reject(new Error("after all"));
});
