import { equal, rejects } from "node:assert/strict";
import { MemoryCache } from "platform/cache";
import { StoreUnavailableError } from "platform/store";
import { silentLogger } from "platform/telemetry";
import { CachedReads } from "./cached_reads.ts";
import { asItIs, cancelAsked, type PaymentId } from "./domain/mod.ts";
import { openPaymentApi } from "./testing/payment_api.ts";

Deno.test("a copy of a payment follows each change, and is shown to nobody but its reach", async () => {
  await using api = openPaymentApi();
  const { id: orderId } = api.anOrder();
  const { body } = await api.ask("POST", "/payments", {
    body: { orderId, amountMinor: 900, currency: "EUR", paymentMethod: "pm_x", capture: false },
  });
  const id = body.id as PaymentId;
  const copies = new CachedReads(new MemoryCache(), silentLogger);
  const reads = copies.over(api.payments);
  const payments = copies.invalidatedBy(api.payments);

  const before = await reads.find(id, "any");
  equal((await reads.find(id, { owner: "ada" }))?.version, before?.version);
  equal(await reads.find(id, { owner: "eve" }), undefined);

  await payments.transition(id, "any", asItIs);
  await payments.transition(id, "any", (course) => cancelAsked(course, new Date()));
  const after = await reads.find(id, "any");
  equal(after?.version, (await api.payments.find(id, "any"))?.version);
});

Deno.test("a copy of a payment is void when nobody knows whether a change was made", async () => {
  await using api = openPaymentApi();
  const { id: orderId } = api.anOrder();
  const { body } = await api.ask("POST", "/payments", {
    body: { orderId, amountMinor: 900, currency: "EUR", paymentMethod: "pm_x", capture: false },
  });
  const id = body.id as PaymentId;
  const copies = new CachedReads(new MemoryCache(), silentLogger);
  const reads = copies.over(api.payments);
  const before = await reads.find(id, "any");
  const payments = copies.invalidatedBy({
    ...new CachedReads(new MemoryCache(), silentLogger).invalidatedBy(api.payments),
    async transition(...change) {
      await api.payments.transition(...change);
      throw new StoreUnavailableError("Cannot tell whether it was written");
    },
  });
  const change = payments.transition(id, "any", (course) => cancelAsked(course, new Date()));
  await rejects(change, StoreUnavailableError);
  equal((await reads.find(id, "any"))?.version, before!.version + 1);
});
