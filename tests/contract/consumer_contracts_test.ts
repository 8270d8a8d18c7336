import { deepEqual, equal, rejects } from "node:assert/strict";
import { OrderStatus } from "@services/orders/domain";
import { PaymentsError, type PaymentsErrorCode } from "@services/orders/ports";
import { Problem } from "platform/problem";
import { joinServices } from "../fixtures/joined_services.ts";

function failsAs(code: PaymentsErrorCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof PaymentsError && thrown.code === code;
}

Deno.test("HttpOrderLookup reads whatever state the orders service says that an order is in", async () => {
  await using services = await joinServices();
  for (const status of OrderStatus.options) {
    const { id, customerId, totalMinor, currency } = await services.place({ status });
    const found = await services.lookup.find(id);
    deepEqual(found, { id, customerId, status, totalMinor, currency });
  }
});

Deno.test("HttpOrderLookup finds no order where the orders service has none", async () => {
  await using services = await joinServices();
  equal(await services.lookup.find(crypto.randomUUID()), undefined);
});

Deno.test("HttpOrderLookup does not take a refusal of its caller for the absence of an order", async () => {
  await using services = await joinServices();
  const { id } = await services.place();
  await rejects(services.unwelcome.lookup.find(id), Problem);
});

Deno.test("HttpPayments holds, takes and pays back the price of an order at the payment service", async () => {
  await using services = await joinServices();
  const { payments } = services;
  const order = await services.place();
  const held = await payments.authorize(order, "pm_card_visa");
  const { id } = held;
  deepEqual(held, { id, status: "requires_capture", capturedMinor: 0, refundedMinor: 0 });
  const taken = await payments.capture(id, "capture-1");
  deepEqual(taken, { id, status: "succeeded", capturedMinor: 900, refundedMinor: 0 });
  await payments.refund(id, 400, "refund-1");
  deepEqual(await payments.find(id), { ...taken, refundedMinor: 400 });
});

Deno.test("HttpPayments gets the same payment when it asks again for the same order", async () => {
  await using services = await joinServices();
  const order = await services.place();
  const first = await services.payments.authorize(order, "pm_card_visa");
  deepEqual(await services.payments.authorize(order, "pm_card_visa"), first);
});

Deno.test("HttpPayments finds the payment of an order and of no other, or none", async () => {
  await using services = await joinServices();
  const { payments } = services;
  const order = await services.place();
  const other = await services.place();
  equal(await payments.findByOrder(order), undefined);
  const payment = await payments.authorize(order, "pm_card_visa");
  deepEqual(await payments.findByOrder(order), payment);
  equal(await payments.findByOrder(other), undefined);
});

Deno.test("HttpPayments pays back once, though it asks twice under one key", async () => {
  await using services = await joinServices();
  const { payments } = services;
  const { id } = await payments.authorize(await services.place(), "pm_card_visa");
  await payments.capture(id, "capture-1");
  await payments.refund(id, 400, "refund-1");
  await payments.refund(id, 400, "refund-1");
  equal((await payments.find(id)).refundedMinor, 400);
});

Deno.test("HttpPayments lets go of what is held, which can then be taken no more", async () => {
  await using services = await joinServices();
  const { payments } = services;
  const { id } = await payments.authorize(await services.place(), "pm_card_visa");
  equal((await payments.cancel(id)).status, "canceled");
  await rejects(payments.capture(id, "capture-1"), failsAs("refused"));
});

Deno.test("HttpPayments learns that a card is declined, or that the processor does not answer", async () => {
  await using services = await joinServices();
  const pay = async (paymentMethod: string) =>
    (await services.payments.authorize(await services.place(), paymentMethod)).status;
  equal(await pay("pm_card_declined"), "failed");
  equal(await pay("pm_processor_down"), "unknown");
});

Deno.test("HttpPayments is refused an order that payment may not take money for, and a payment that is not there", async () => {
  await using services = await joinServices();
  const { payments } = services;
  const cancelled = await services.place({ status: "cancelled" });
  const pending = await services.place();
  const isRefused = failsAs("refused");
  await rejects(payments.authorize(cancelled, "pm_card_visa"), isRefused);
  await rejects(payments.authorize({ ...pending, totalMinor: 1 }, "pm_card_visa"), isRefused);
  await rejects(payments.find(crypto.randomUUID()), isRefused);
});

Deno.test("HttpPayments does not take a refusal of its caller for payment's last word", async () => {
  await using services = await joinServices();
  const order = await services.place();
  const asked = services.unwelcome.payments.authorize(order, "pm_card_visa");
  await rejects(asked, failsAs("unavailable"));
});
