import { timingSafeEqual } from "node:crypto";
import { Hono, type HonoRequest } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { z } from "zod";
import type { Secret } from "platform/config";
import type { Charge, ChargeStore } from "./charge_store.ts";

const slowMs = 3_000;
/** Longer than any client waits, and bounded all the same. */
const lostAnswerMs = 20_000;

const ChargeRequest = z.strictObject({
  reference: z.string().min(1).max(64),
  amountMinor: z.int().min(1),
  currency: z.string().length(3),
  paymentMethod: z.string(),
});
const RefundRequest = z.strictObject({
  refundReference: z.string().min(1).max(64),
  amountMinor: z.int().min(1),
});

/** What each test method stands for. */
const declineCodes: ReadonlyMap<string, string> = new Map([
  ["pm_card_declined", "card_declined"],
  ["pm_card_insufficient_funds", "insufficient_funds"],
]);
const approved: ReadonlySet<string> = new Set([
  "pm_card_visa",
  "pm_card_timeout",
  "pm_card_slow",
]);

export interface Dependencies {
  readonly charges: ChargeStore;
  readonly apiKey: Secret;
  /** Resolves after so many milliseconds, or when the signal says that nobody waits any more. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * A payment processor for development: it keeps books like a real one, and its test methods decline,
 * are slow, lose their answer or find it out of order.
 */
export function createApp({ charges, apiKey, pause }: Dependencies): Hono {
  const app = new Hono();
  app.use(bearerAuth({ verifyToken: (token) => isKey(token, apiKey) }));

  app.post("/v1/charges", async (c) => {
    const request = ChargeRequest.safeParse(await readJson(c.req));
    if (!request.success) return c.json({ error: "invalid_request" }, 400);
    const { paymentMethod, ...of } = request.data;
    if (paymentMethod === "pm_processor_down") return c.json({ error: "out_of_order" }, 503);
    const declineCode = declineCodes.get(paymentMethod) ?? null;
    if (!declineCode && !approved.has(paymentMethod)) {
      return c.json({ error: "unknown_payment_method" }, 422);
    }
    const status = declineCode ? "declined" : "authorized";
    const none = { capturedMinor: 0, refundedMinor: 0 };
    const { charge, isNew } = charges.record({ ...of, ...none, status, declineCode });
    if (isNew && paymentMethod === "pm_card_slow") await pause(slowMs, c.req.raw.signal);
    if (isNew && paymentMethod === "pm_card_timeout") {
      await pause(lostAnswerMs, c.req.raw.signal);
      // Whoever is still there is not told either: that answer is lost for good.
      return c.json({ error: "answer_lost" }, 504);
    }
    return answer(charge);
  });

  app.get("/v1/charges/:reference", (c) => answer(charges.find(c.req.param("reference"))));

  app.post("/v1/charges/:reference/capture", (c) => {
    const charge = charges.capture(c.req.param("reference"));
    if (charge && charge.status !== "captured") return c.json({ error: "not_capturable" }, 409);
    return answer(charge);
  });

  app.post("/v1/charges/:reference/void", (c) => {
    const charge = charges.void(c.req.param("reference"));
    if (charge.status === "captured") return c.json({ error: "already_captured" }, 409);
    return answer(charge);
  });

  app.post("/v1/charges/:reference/refunds", async (c) => {
    const request = RefundRequest.safeParse(await readJson(c.req));
    if (!request.success) return c.json({ error: "invalid_request" }, 400);
    const { refundReference, amountMinor } = request.data;
    const done = charges.refund(c.req.param("reference"), refundReference, amountMinor);
    return done
      ? c.json({ refundReference, amountMinor }, 201)
      : c.json({ error: "too_large" }, 409);
  });

  app.get("/v1/totals", (c) => c.json({ items: charges.totals() }));

  return app;
}

/** The body, or undefined when it is no JSON: the schema refuses that. */
async function readJson(request: HonoRequest): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

/** A declined charge is an answer too, with a status of its own. */
function answer(charge: Charge | undefined): Response {
  if (!charge) return Response.json({ error: "not_found" }, { status: 404 });
  return Response.json(charge, { status: charge.status === "declined" ? 402 : 200 });
}

function isKey(token: string, apiKey: Secret): boolean {
  const encoder = new TextEncoder();
  const given = encoder.encode(token);
  const expected = encoder.encode(apiKey.reveal());
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
