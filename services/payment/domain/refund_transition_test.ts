import { deepEqual, equal, ok } from "node:assert/strict";
import {
  aRefundId,
  asking,
  differenceOf,
  id,
  inState,
  later,
  r1,
  r2,
  r3,
  refuses,
  sideOf,
  taken,
} from "../testing/courses.ts";
import { isIdle, refunded, refundRefused } from "./transition.ts";

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
