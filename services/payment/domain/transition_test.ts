import { deepEqual, equal, ok } from "node:assert/strict";
import {
  asking,
  differenceOf,
  fresh,
  id,
  inState,
  later,
  noon,
  onlyHeld,
  r1,
  r2,
  receivable,
  refuses,
  sideOf,
  stateOf,
  taken,
} from "../testing/courses.ts";
import {
  cancelAsked,
  captureAsked,
  captured,
  type Course,
  declined,
  held,
  isIdle,
  refunded,
  type Transition,
  unanswered,
  voided,
} from "./transition.ts";
import { authorizationTimeoutMs } from "./work.ts";

Deno.test("A payment begins as work to authorize, due at once, with its method", () => {
  const { payment, refunds, work, entries, event } = fresh();
  deepEqual(payment, {
    id,
    orderId: "o1",
    customerId: "ada",
    status: "processing",
    amountMinor: 900,
    capturedMinor: 0,
    refundedMinor: 0,
    currency: "EUR",
    createdAt: noon.toISOString(),
    version: 1,
  });
  deepEqual(work, {
    paymentId: id,
    intent: "authorize",
    captures: true,
    attempts: 0,
    dueAt: noon.toISOString(),
    deadlineAt: new Date(noon.getTime() + authorizationTimeoutMs).toISOString(),
    paymentMethod: "pm_card_visa",
  });
  deepEqual([refunds, entries, event], [[], [], undefined]);
});

Deno.test("A held payment goes on to its capture, or waits for one", () => {
  equal(stateOf(held(fresh(), later)), "processing, capture");
  const waiting = held(fresh({ capture: false }), later);
  equal(stateOf(waiting), "requires_capture, none");
  ok(isIdle(waiting));
  deepEqual(waiting.entries, []);
  equal(waiting.event, undefined);
});

Deno.test("A payment forgets its method as soon as it is held, cancelled or declined", () => {
  for (
    const next of [held(fresh(), later), cancelAsked(fresh(), later), declined(fresh(), later)]
  ) {
    equal(next.work.paymentMethod, null);
  }
  equal(unanswered(fresh(), later).work.paymentMethod, "pm_card_visa");
});

Deno.test("A captured payment is booked in full, and what is booked is balanced", () => {
  const next = captured(held(fresh(), noon), r1, later);
  equal(stateOf(next), "succeeded, none");
  equal(next.payment.capturedMinor, 900);
  deepEqual(next.refunds, []);
  ok(isIdle(next));
  deepEqual(next.event, {
    type: "sallyport.payment.payment.succeeded",
    at: later.toISOString(),
  });
  deepEqual(next.entries.map(sideOf), [
    "debit processor_receivable 900 EUR",
    "credit customer_sales 900 EUR",
  ]);
  equal(differenceOf(next.entries), 0);
});

Deno.test("A payment that was to be cancelled and turns out captured is paid back in full", () => {
  const cancelling = cancelAsked(held(fresh(), noon), noon);
  const next = captured(cancelling, r1, later);
  equal(stateOf(next), "succeeded, none");
  equal(next.payment.capturedMinor, 900);
  deepEqual(next.refunds, [
    { id: r1, paymentId: id, amountMinor: 900, status: "pending", createdAt: later.toISOString() },
  ]);
  ok(!isIdle(next), "the refund is left to do");
  const back = refunded(next, r1, later);
  equal(back.payment.refundedMinor, 900);
  equal(differenceOf([...next.entries, ...back.entries]), 0);
  equal(receivable([...next.entries, ...back.entries]), 0);
});

Deno.test("A declined or voided payment is over, books nothing and says that it failed", () => {
  for (const [end, state] of [[declined, "failed, none"], [voided, "canceled, none"]] as const) {
    const next = end(fresh(), later);
    equal(stateOf(next), state);
    deepEqual(next.entries, []);
    equal(next.event?.type, "sallyport.payment.payment.failed");
    ok(isIdle(next));
  }
});

Deno.test("A payment without an answer is unknown, and asked for again after a growing pause", () => {
  const pausesMs: number[] = [];
  let course: Course = fresh();
  for (let attempt = 0; attempt < 12; attempt++) {
    course = unanswered(course, noon);
    pausesMs.push(Date.parse(course.work.dueAt) - noon.getTime());
  }
  equal(stateOf(course), "unknown, authorize");
  deepEqual(pausesMs.slice(0, 6), [200, 400, 800, 1_600, 3_200, 5_000]);
  equal(Math.max(...pausesMs), 5_000);
  equal(course.work.attempts, 12);
  equal(course.payment.version, 2, "only the first one changes what a client sees");
});

Deno.test("A refund without an answer leaves its payment succeeded", () => {
  const next = unanswered(asking(taken(), r2, 300), later);
  equal(stateOf(next), "succeeded, none");
  equal(next.refunds[0]?.status, "pending");
  equal(next.work.attempts, 1);
  deepEqual(next.entries, []);
  equal(next.event, undefined);
});

Deno.test("A capture can be asked for while the money is held, and again at no cost", () => {
  const next = captureAsked(onlyHeld(), later);
  equal(stateOf(next), "processing, capture");
  for (const course of [next, unanswered(next, later), taken()]) {
    const again = captureAsked(course, later);
    deepEqual(again.payment, course.payment);
    deepEqual(again.work, course.work);
    deepEqual(again.entries, []);
    equal(again.event, undefined);
  }
});

Deno.test("A capture of money that is not held is refused", () => {
  const courses = [
    inState("processing", "authorize"),
    inState("unknown", "authorize"),
    inState("processing", "cancel"),
    inState("unknown", "cancel"),
    inState("canceled", "none"),
    inState("failed", "none"),
  ];
  for (const course of courses) refuses("not_capturable", () => captureAsked(course, later));
});

Deno.test("A cancel is heard in every state until the money is taken", () => {
  const expected = [
    [inState("processing", "authorize"), "processing, cancel"],
    [inState("unknown", "authorize"), "unknown, cancel"],
    [inState("processing", "capture"), "processing, cancel"],
    [inState("unknown", "capture"), "unknown, cancel"],
    [onlyHeld(), "processing, cancel"],
  ] as const;
  for (const [course, state] of expected) {
    const next = cancelAsked(course, later);
    equal(stateOf(next), state);
    equal(next.work.attempts, 0);
    equal(next.work.dueAt, later.toISOString());
    equal(next.payment.version, course.payment.version + 1);
  }
  refuses("not_cancelable", () => cancelAsked(taken(), later));
});

Deno.test("A cancel that was asked for already, or came too late to matter, changes nothing", () => {
  const courses = [
    inState("processing", "cancel"),
    inState("unknown", "cancel"),
    inState("canceled", "none"),
    inState("failed", "none"),
  ];
  for (const course of courses) {
    const next = cancelAsked(course, later);
    deepEqual([next.payment, next.work], [course.payment, course.work]);
    equal(next.event, undefined);
  }
});

Deno.test("Every change of a payment makes a new version of it", () => {
  const steps: ((course: Course) => Transition)[] = [
    (course) => unanswered(course, later),
    (course) => held(course, later),
    (course) => captured(course, r1, later),
    (course) => asking(course, r2, 300),
    (course) => refunded(course, r2, later),
  ];
  let course: Course = fresh();
  for (const step of steps) {
    const next = step(course);
    equal(next.payment.version, course.payment.version + 1);
    course = next;
  }
});
