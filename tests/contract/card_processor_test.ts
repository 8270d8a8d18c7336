import { equal, rejects } from "node:assert/strict";
import { Secret } from "platform/config";
import { HttpCardProcessor } from "@services/payment/adapters";
import { createApp } from "@services/psp";
import { ChargeStore } from "@services/psp/charge-store";
import { cardProcessorContract, type OpenProcessor } from "./card_processor_contract.ts";

const apiKey = new Secret("psp-key");

/** The adapter before the simulated processor itself, without a network between them. */
function openSimulated(key: Secret = apiKey): OpenProcessor {
  const charges = new ChargeStore(":memory:");
  const app = createApp({ charges, apiKey, pause: untilGivenUp });
  const fetchPsp: typeof fetch = async (input, init) => {
    // A client that has gone gets no answer, whatever the processor goes on to do.
    const response = await app.fetch(new Request(input, init));
    init?.signal?.throwIfAborted();
    return response;
  };
  const baseUrl = "https://psp.test";
  return {
    processor: new HttpCardProcessor({ baseUrl, apiKey: key, fetch: fetchPsp }),
    books() {
      const totals = charges.totals().find(({ currency }) => currency === "EUR");
      const capturedMinor = Number(totals?.["capturedMinor"] ?? 0);
      const refundedMinor = Number(totals?.["refundedMinor"] ?? 0);
      return Promise.resolve({ capturedMinor, refundedMinor });
    },
  };
}

function untilGivenUp(_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

cardProcessorContract(
  "HttpCardProcessor with the simulated processor",
  () => Promise.resolve(openSimulated()),
);

Deno.test("HttpCardProcessor charges nothing with a wrong key", async () => {
  const { processor, books } = openSimulated(new Secret("psp-kez"));
  const request = {
    reference: crypto.randomUUID(),
    amountMinor: 900,
    currency: "EUR",
    paymentMethod: "pm_card_visa",
  } as const;
  await rejects(processor.authorize(request));
  equal((await books()).capturedMinor, 0);
});
