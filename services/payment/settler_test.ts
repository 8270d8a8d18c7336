import { deepEqual, equal, rejects } from "node:assert/strict";
import { authorizationTimeoutMs, cancelAsked, type Course } from "./domain/mod.ts";
import type { Charge } from "./ports.ts";
import { type Ending, once } from "./testing/fake_card_processor.ts";
import { aScene, noon, testSettler } from "./testing/settler_scene.ts";

const cancelling = (course: Course) => cancelAsked(course, noon);

testSettler("A payment is held and then taken", async (s) => {
  await s.settle();
  equal(await s.status(), "succeeded");
  deepEqual(s.processor.calls, ["find", "authorize", "capture"]);
  deepEqual(await s.events(), ["succeeded"]);
  deepEqual(await s.work.due(new Date(s.clock.nowMs + 86_400_000), 10), []);
});

testSettler("A payment that is only to be held is not taken", async (s) => {
  await s.settle();
  equal(await s.status(), "requires_capture");
  equal(s.processor.callsOf("capture"), 0);
  deepEqual(await s.events(), []);
}, { capture: false });

testSettler("A time-out that charged is adopted by asking, and never charged again", async (s) => {
  s.processor.line = once("authorize", "lost");
  await s.settle();
  equal(await s.status(), "unknown");
  await s.settle();
  equal(await s.status(), "succeeded");
  equal(s.processor.callsOf("authorize"), 1);
  deepEqual(await s.events(), ["succeeded"]);
});

testSettler("A time-out that did not charge is tried again, for one charge", async (s) => {
  s.processor.line = once("authorize", "down");
  await s.settle();
  equal(await s.status(), "unknown");
  await s.settle();
  equal(await s.status(), "succeeded");
  equal(s.processor.charges.size, 1);
});

testSettler("A payment whose state cannot be asked for is not charged blindly", async (s) => {
  s.processor.line = (method) => method === "find" ? "down" : "answered";
  for (let round = 0; round < 3; round++) await s.settle();
  equal(await s.status(), "unknown");
  deepEqual(s.processor.calls, ["find", "find", "find"]);
});

testSettler("A declined payment fails, and is not asked for again", async (s) => {
  s.processor.declines = true;
  await s.settle();
  equal(await s.status(), "failed");
  deepEqual(await s.events(), ["failed"]);
  await s.settle();
  equal(s.processor.callsOf("authorize"), 1);
});

testSettler("A decline whose answer was lost is found by asking", async (s) => {
  s.processor.declines = true;
  s.processor.line = once("authorize", "lost");
  await s.settle();
  equal(await s.status(), "unknown");
  await s.settle();
  equal(await s.status(), "failed");
  equal(s.processor.callsOf("authorize"), 1);
});

testSettler("A payment that the processor refuses to make fails", async (s) => {
  s.processor.line = once("authorize", "refused");
  await s.settle();
  equal(await s.status(), "failed");
});

testSettler("An outage until the deadline ends in a void, and the payment fails", async (s) => {
  s.processor.line = () => "down";
  await s.settle();
  s.clock.nowMs += authorizationTimeoutMs;
  await s.settle();
  equal(await s.status(), "unknown", "nobody knows as long as nobody answers");
  s.processor.line = () => "answered";
  await s.settle();
  equal(await s.status(), "failed");
  equal(s.processor.charges.get(s.id)?.status, "voided");
  equal(s.processor.callsOf("authorize"), 0);
  deepEqual(await s.events(), ["failed"]);
});

testSettler("A payment that was charged before the deadline is adopted after it", async (s) => {
  s.processor.line = once("authorize", "lost");
  await s.settle();
  s.clock.nowMs += authorizationTimeoutMs;
  await s.settle();
  equal(await s.status(), "succeeded");
  equal(s.processor.callsOf("void"), 0);
});

testSettler("A payment that is cancelled while unknown is let go of, charged or not", async (s) => {
  s.processor.line = once("authorize", "lost");
  await s.settle();
  await s.ask(cancelling);
  equal(await s.status(), "unknown");
  await s.settle();
  equal(await s.status(), "canceled");
  equal(s.processor.charges.get(s.id)?.status, "voided");
  deepEqual(await s.events(), ["failed"]);
});

testSettler("A cancel that is not answered is asked for until it is", async (s) => {
  await s.settle();
  await s.ask(cancelling);
  s.processor.line = () => "down";
  await s.settle();
  equal(await s.status(), "unknown");
  s.processor.line = () => "answered";
  await s.settle();
  equal(await s.status(), "canceled");
  equal(s.processor.callsOf("capture"), 0);
}, { capture: false });

testSettler(
  "A payment that is cancelled while it is authorized is let go of at once",
  async (s) => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const authorize = s.processor.authorize.bind(s.processor);
    s.processor.authorize = async (request) => {
      ask();
      await mayAnswer;
      return await authorize(request);
    };
    const settling = s.settle();
    await asked;
    await s.ask(cancelling);
    answer();
    await settling;
    equal(await s.status(), "canceled", "at once: nothing is unknown about it");
    equal(s.processor.callsOf("capture"), 0);
  },
);

testSettler("A cancel of money that was taken, answer lost, pays it back in full", async (s) => {
  s.processor.line = once("capture", "lost");
  await s.settle();
  equal(await s.status(), "unknown");
  await s.ask(cancelling);
  await s.settle();
  const { payment, refunds } = await s.course();
  equal(payment.status, "succeeded");
  equal(payment.refundedMinor, 900);
  equal(refunds[0]?.status, "succeeded");
  deepEqual(await s.events(), ["succeeded", "refunded"]);
});

testSettler("A capture without an answer is found to be done, and booked once", async (s) => {
  s.processor.line = once("capture", "lost");
  await s.settle();
  equal(await s.status(), "unknown");
  await s.settle();
  equal(await s.status(), "succeeded");
  equal(s.processor.takenMinor, 900);
  deepEqual(await s.events(), ["succeeded"]);
});

testSettler("A capture that is refused because it is done already is booked", async (s) => {
  const endings: Ending[] = ["lost", "refused"];
  s.processor.line = (method) => method === "capture" ? endings.shift() ?? "answered" : "answered";
  await s.settle();
  await s.settle();
  equal(await s.status(), "succeeded");
});

testSettler("A capture of what the processor has let go of ends the payment", async (s) => {
  s.processor.line = once("capture", "down");
  await s.settle();
  const charge = s.processor.charges.get(s.id)!;
  s.processor.charges.set(s.id, { ...charge, status: "voided" });
  await s.settle();
  equal(await s.status(), "canceled");
  deepEqual(await s.events(), ["failed"]);
});

for (const wrong of [{ amountMinor: 901 }, { currency: "USD" }]) {
  Deno.test(`A charge of something else is not booked: ${Object.keys(wrong)}`, async () => {
    await using s = await aScene();
    const charge: Charge = { status: "captured", amountMinor: 900, currency: "EUR", ...wrong };
    s.processor.charges.set(s.id, charge);
    await s.settle();
    equal(await s.status(), "unknown");
    deepEqual(await s.payments.balances(), []);
    equal(s.errors.length, 1);
  });
}

testSettler("A failure of ours is not taken for the processor's silence", async (s) => {
  s.processor.find = () => Promise.reject(new TypeError("a bug"));
  await rejects(s.settle(), TypeError);
  equal(await s.status(), "processing");
  equal((await s.course()).work.attempts, 0);
});
