import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  cancelAsked,
  captureAsked,
  captured,
  type Course,
  declined,
  held,
  isIdle,
  opened,
  refundAsked,
  refunded,
  refundRefused,
  type Transition,
  unanswered,
  voided,
} from "./transition.ts";
import { type LedgerEntry } from "./ledger.ts";
import { PaymentId, type PaymentStatus, RefundId } from "./payment.ts";
import { PaymentError, type PaymentErrorCode } from "./payment_error.ts";
import { authorizationTimeoutMs, type Intent } from "./work.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");
const later = new Date(noon.getTime() + 1_000);
const id = PaymentId.parse("11111111-1111-4111-8111-111111111111");
const r1 = aRefundId(1);
const r2 = aRefundId(2);
const r3 = aRefundId(3);

/** A payment of 900 that the processor has not been asked for yet. */
function fresh({ capture = true }: { readonly capture?: boolean } = {}): Transition {
  return opened(
    { orderId: "o1", amountMinor: 900, currency: "EUR", paymentMethod: "pm_card_visa", capture },
    { id, customerId: "ada", sealedMethod: "sealed", at: noon },
  );
}

function taken(): Course {
  return captured(held(fresh(), noon), r1, noon);
}

function onlyHeld(): Course {
  return held(fresh({ capture: false }), noon);
}

function asking(course: Course, refundId: RefundId, amountMinor: number): Transition {
  return refundAsked(course, { refundId, amountMinor, at: later });
}

function inState(status: PaymentStatus, intent: Intent): Course {
  const { payment, refunds, work } = fresh();
  return { payment: { ...payment, status }, refunds, work: { ...work, intent } };
}

/** State and intent at a glance. */
function stateOf({ payment, work }: Course): string {
  return `${payment.status}, ${work.intent}`;
}

Deno.test("A payment begins as work to authorize, due at once, with its method sealed", () => {
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
    sealedMethod: "sealed",
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
    equal(next.work.sealedMethod, null);
  }
  equal(unanswered(fresh(), later).work.sealedMethod, "sealed");
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

Deno.test("A refund is of taken money only", () => {
  const statuses = ["requires_capture", "processing", "canceled", "failed", "unknown"] as const;
  for (const status of statuses) {
    refuses("not_refundable", () => asking(inState(status, "none"), r1, 1));
  }
});

Deno.test("A refund is pending work and books nothing until it is paid back", () => {
  const next = asking(taken(), r2, 300);
  equal(next.payment.refundedMinor, 0);
  deepEqual(next.refunds, [
    { id: r2, paymentId: id, amountMinor: 300, status: "pending", createdAt: later.toISOString() },
  ]);
  deepEqual(next.entries, []);
  ok(!isIdle(next));

  const back = refunded(next, r2, later);
  equal(back.payment.refundedMinor, 300);
  equal(back.refunds[0]?.status, "succeeded");
  equal(back.event?.type, "sallyport.payment.payment.refunded");
  deepEqual(back.entries.map(sideOf), [
    "debit customer_sales 300 EUR",
    "credit processor_receivable 300 EUR",
  ]);
  equal(differenceOf(back.entries), 0);
  ok(isIdle(back));
});

Deno.test("A refund is held against the pending ones too, to the last cent", () => {
  const pending = asking(asking(taken(), r1, 400), r2, 400);
  refuses("refund_too_large", () => asking(pending, r3, 101));
  const all = asking(pending, r3, 100);
  equal(all.refunds.length, 3);
  refuses("refund_too_large", () => asking(all, aRefundId(4), 1));
  refuses("refund_too_large", () => asking(taken(), r1, 901));
});

Deno.test("A refund that is paid back goes on counting against what is left", () => {
  const back = refunded(asking(taken(), r1, 600), r1, later);
  refuses("refund_too_large", () => asking(back, r2, 301));
  equal(asking(back, r2, 300).refunds.length, 2);
});

Deno.test("A refund asked for again under its id is the one there, even when nothing is left", () => {
  const once = asking(taken(), r1, 900);
  for (const course of [once, refunded(once, r1, later)]) {
    const again = asking(course, r1, 900);
    deepEqual(again.refunds, course.refunds);
    deepEqual(again.payment, course.payment);
  }
});

Deno.test("A refused refund frees its amount and books nothing", () => {
  const refused = refundRefused(asking(taken(), r1, 900), r1, later);
  equal(refused.refunds[0]?.status, "failed");
  equal(refused.payment.refundedMinor, 0);
  deepEqual(refused.entries, []);
  equal(refused.event, undefined);
  equal(asking(refused, r2, 900).refunds.length, 2);
});

Deno.test("A refund has one outcome: another one heard of later changes nothing", () => {
  const asked = asking(taken(), r1, 900);
  const back = refunded(asked, r1, later);
  const refused = refundRefused(asked, r1, later);
  for (const settled of [back, refused]) {
    for (const outcome of [refunded, refundRefused]) {
      const again = outcome(settled, r1, later);
      deepEqual(again.payment, settled.payment);
      deepEqual(again.refunds, settled.refunds);
      deepEqual(again.entries, []);
      equal(again.event, undefined);
    }
  }
});

Deno.test("An outcome of a refund that was never asked for changes nothing", () => {
  const course = taken();
  for (const outcome of [refunded, refundRefused]) {
    deepEqual(outcome(course, r3, later).payment, course.payment);
    deepEqual(outcome(course, r3, later).entries, []);
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

function aRefundId(digit: number): RefundId {
  return RefundId.parse(`22222222-2222-4222-8222-22222222222${digit}`);
}

function refuses(code: PaymentErrorCode, move: () => unknown): void {
  throws(move, (thrown) => thrown instanceof PaymentError && thrown.code === code);
}

function sideOf({ side, account, amountMinor, currency }: LedgerEntry): string {
  return `${side} ${account} ${amountMinor} ${currency}`;
}

function differenceOf(entries: readonly LedgerEntry[]): number {
  return entries.reduce(
    (sum, { side, amountMinor }) => sum + (side === "debit" ? amountMinor : -amountMinor),
    0,
  );
}

/** What the processor owes us after these bookings. */
function receivable(entries: readonly LedgerEntry[]): number {
  return differenceOf(entries.filter(({ account }) => account === "processor_receivable"));
}
