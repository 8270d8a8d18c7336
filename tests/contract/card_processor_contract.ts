import { deepEqual, equal, rejects } from "node:assert/strict";
import { RefundId } from "@services/payment/domain";
import { type CardProcessor, type ChargeRequest, ProcessorError } from "@services/payment/ports";

/** A processor, and what it has on its own books. */
export interface OpenProcessor {
  readonly processor: CardProcessor;
  /** Taken and paid back altogether, in EUR. */
  readonly books: () => Promise<{ readonly capturedMinor: number; readonly refundedMinor: number }>;
}

/** What every CardProcessor must do. `open` gives one with empty books; without it, the tests are ignored. */
export function cardProcessorContract(adapter: string, open?: () => Promise<OpenProcessor>): void {
  function test(promise: string, check: (opened: OpenProcessor) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      fn: async () => await check(await open!()),
    });
  }

  test("holds money without taking it", async ({ processor, books }) => {
    const request = aRequest();
    equal((await processor.authorize(request)).status, "authorized");
    equal((await processor.find(request.reference))?.status, "authorized");
    deepEqual(await books(), { capturedMinor: 0, refundedMinor: 0 });
  });

  test("takes what is held once, however often it is asked to", async ({ processor, books }) => {
    const request = aRequest({ amountMinor: 900 });
    await times(5, () => processor.authorize(request));
    const taken = await times(5, () => processor.capture(request.reference));
    deepEqual(new Set(taken.map(({ status }) => status)), new Set(["captured"]));
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 0 });
  });

  test("makes no second charge under a reference, once the first is taken", async (opened) => {
    const { processor, books } = opened;
    const { reference } = await aCapture(processor, 900);
    equal(
      (await processor.authorize(aRequest({ reference, amountMinor: 900 }))).status,
      "captured",
    );
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 0 });
  });

  for (const paymentMethod of ["pm_card_declined", "pm_card_insufficient_funds"]) {
    test(`declines ${paymentMethod}, and keeps it declined`, async ({ processor, books }) => {
      const request = aRequest({ paymentMethod });
      equal((await processor.authorize(request)).status, "declined");
      equal((await processor.find(request.reference))?.status, "declined");
      await rejects(processor.capture(request.reference), isRefused);
      deepEqual(await books(), { capturedMinor: 0, refundedMinor: 0 });
    });
  }

  test("refuses a payment method that it does not know", async ({ processor }) => {
    const request = aRequest({ paymentMethod: "pm_unheard_of" });
    await rejects(processor.authorize(request), isRefused);
    equal(await processor.find(request.reference), undefined);
  });

  test("finds nothing under a reference that was never charged", async ({ processor }) => {
    equal(await processor.find(crypto.randomUUID()), undefined);
    await rejects(processor.capture(crypto.randomUUID()), isRefused);
  });

  test("lets go of what is held, and takes it no more", async ({ processor, books }) => {
    const request = aRequest();
    await processor.authorize(request);
    const released = await times(3, () => processor.void(request.reference));
    deepEqual(new Set(released.map(({ status }) => status)), new Set(["voided"]));
    await rejects(processor.capture(request.reference), isRefused);
    deepEqual(await books(), { capturedMinor: 0, refundedMinor: 0 });
  });

  test("never charges a reference that was voided before it came", async (opened) => {
    const { processor, books } = opened;
    const request = aRequest();
    equal((await processor.void(request.reference)).status, "voided");
    equal((await processor.authorize(request)).status, "voided");
    await rejects(processor.capture(request.reference), isRefused);
    deepEqual(await books(), { capturedMinor: 0, refundedMinor: 0 });
  });

  test("lets go of nothing that it has taken", async ({ processor, books }) => {
    const { reference } = await aCapture(processor, 900);
    await rejects(processor.void(reference), isRefused);
    equal((await processor.find(reference))?.status, "captured");
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 0 });
  });

  test("either takes or lets go when both are asked for at once", async ({ processor, books }) => {
    const request = aRequest({ amountMinor: 900 });
    await processor.authorize(request);
    const { reference } = request;
    await Promise.allSettled([processor.capture(reference), processor.void(reference)]);
    const status = (await processor.find(reference))?.status;
    const capturedMinor = status === "captured" ? 900 : 0;
    equal(status === "captured" || status === "voided", true);
    deepEqual(await books(), { capturedMinor, refundedMinor: 0 });
  });

  test("pays a refund back once, however often it is asked to", async ({ processor, books }) => {
    const { reference } = await aCapture(processor, 900);
    const refundId = aRefundId();
    await times(5, () => processor.refund(reference, refundId, 300));
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 300 });
  });

  test("pays back no more than was taken, though many refunds come at once", async (opened) => {
    const { processor, books } = opened;
    const { reference } = await aCapture(processor, 900);
    const refunds = await Promise.allSettled(
      Array.from({ length: 10 }, () => processor.refund(reference, aRefundId(), 200)),
    );
    equal(refunds.filter(({ status }) => status === "fulfilled").length, 4);
    for (const refund of refunds) {
      if (refund.status === "rejected") equal(isRefused(refund.reason), true);
    }
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 800 });
  });

  test("pays nothing back of what was not taken", async ({ processor, books }) => {
    const request = aRequest();
    await processor.authorize(request);
    await rejects(processor.refund(request.reference, aRefundId(), 1), isRefused);
    await rejects(processor.refund(crypto.randomUUID(), aRefundId(), 1), isRefused);
    deepEqual(await books(), { capturedMinor: 0, refundedMinor: 0 });
  });

  test("says that nothing is known during an outage, and has recorded nothing", async (opened) => {
    const { processor } = opened;
    const request = aRequest({ paymentMethod: "pm_processor_down" });
    await rejects(processor.authorize(request), isUnanswered);
    equal(await processor.find(request.reference), undefined);
  });

  test("has recorded the one charge whose answer was lost", async ({ processor, books }) => {
    const request = aRequest({ paymentMethod: "pm_card_timeout", amountMinor: 900 });
    await processor.authorize(request).catch((thrown) => equal(isUnanswered(thrown), true));
    equal((await processor.find(request.reference))?.status, "authorized");
    await processor.authorize(request);
    await processor.capture(request.reference);
    deepEqual(await books(), { capturedMinor: 900, refundedMinor: 0 });
  });
}

function aRequest(traits: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    reference: crypto.randomUUID(),
    amountMinor: 900,
    currency: "EUR",
    paymentMethod: "pm_card_visa",
    ...traits,
  };
}

async function aCapture(processor: CardProcessor, amountMinor: number): Promise<ChargeRequest> {
  const request = aRequest({ amountMinor });
  await processor.authorize(request);
  await processor.capture(request.reference);
  return request;
}

function aRefundId(): RefundId {
  return RefundId.parse(crypto.randomUUID());
}

/** All at once: whoever comes second must not do it again. */
function times<T>(count: number, call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, call));
}

function isRefused(thrown: unknown): boolean {
  return thrown instanceof ProcessorError && thrown.code === "refused";
}

function isUnanswered(thrown: unknown): boolean {
  return thrown instanceof ProcessorError && thrown.code === "unanswered";
}
