import { deepEqual, equal } from "node:assert/strict";
import { once } from "./testing/fake_card_processor.ts";
import { aRefundId, refunding, testSettler } from "./testing/settler_scene.ts";

testSettler("A refund without an answer is made once", async (s) => {
  await s.settle();
  await s.ask(refunding(aRefundId(), 300));
  s.processor.line = once("refund", "lost");
  await s.settle();
  equal((await s.course()).refunds[0]?.status, "pending");
  equal(await s.status(), "succeeded");
  s.processor.line = () => "answered";
  await s.settle();
  equal((await s.course()).refunds[0]?.status, "succeeded");
  deepEqual([...s.processor.refunds.values()], [300]);
  deepEqual(await s.events(), ["succeeded", "refunded"]);
});

testSettler("A refused refund fails and frees its amount", async (s) => {
  await s.settle();
  await s.ask(refunding(aRefundId(), 900));
  s.processor.line = once("refund", "refused");
  await s.settle();
  equal((await s.course()).refunds[0]?.status, "failed");
  await s.ask(refunding(aRefundId(), 900));
  await s.settle();
  equal((await s.course()).payment.refundedMinor, 900);
});

testSettler("Refunds that are asked for together are all made", async (s) => {
  await s.settle();
  for (const amountMinor of [100, 200, 600]) await s.ask(refunding(aRefundId(), amountMinor));
  await s.settle();
  deepEqual([...s.processor.refunds.values()], [100, 200, 600]);
});

testSettler("A refund that is refused does not keep the next one waiting", async (s) => {
  await s.settle();
  await s.ask(refunding(aRefundId(), 100));
  await s.ask(refunding(aRefundId(), 200));
  s.processor.line = once("refund", "refused");
  await s.settle();
  deepEqual((await s.course()).refunds.map(({ status }) => status), ["failed", "succeeded"]);
});
