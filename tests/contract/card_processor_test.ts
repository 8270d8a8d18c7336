import { equal, rejects } from "node:assert/strict";
import { Secret } from "platform/config";
import { HttpCardProcessor } from "@services/payment/adapters";
import { ProcessorError } from "@services/payment/ports";
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

Deno.test("HttpCardProcessor takes an answer that it cannot read for none", async () => {
  for (const [status, body] of [[200, "<html>"], [200, "{}"], [402, "null"], [404, "<html>"]]) {
    const processor = new HttpCardProcessor({
      baseUrl: "https://psp.test",
      apiKey,
      fetch: () => Promise.resolve(new Response(String(body), { status: Number(status) })),
    });
    const isUnanswered = (thrown: unknown) =>
      thrown instanceof ProcessorError && thrown.code === "unanswered";
    await rejects(processor.find("r1"), isUnanswered, `${status} ${body}`);
    await rejects(processor.capture("r1"), isUnanswered, `${status} ${body}`);
  }
});

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
