import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Secret } from "platform/config";
import { Problem, problemTypes } from "platform/problem";
import { PaymentId } from "./domain/mod.ts";
import { badSignature } from "./problems.ts";

const toleranceMs = 5 * 60_000;

/** What we believe of a webhook: that something has changed under a reference. What it is, we ask. */
const PspEvent = z.object({ id: z.string().min(1).max(255), reference: PaymentId });
export type PspEvent = z.output<typeof PspEvent>;

export interface SignedMessage {
  readonly headers: Headers;
  readonly bodyText: string;
}

/**
 * The event in a message of the payment processor, whose header `psp-signature: t=<seconds>,v1=<hex>`
 * carries HMAC-SHA-256 over `<seconds>.<body>`, not older than five minutes.
 * Does not check whether the event was seen before.
 *
 * @throws {Problem} `bad-signature`, or `invalid-request` when a signed message is no event.
 */
export async function openWebhook(
  { headers, bodyText }: SignedMessage,
  secret: Secret,
  now: Date,
): Promise<PspEvent> {
  const [, seconds, signature] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/
    .exec(headers.get("psp-signature") ?? "") ?? [];
  if (!seconds || !signature) throw new Problem(badSignature);
  if (Math.abs(now.getTime() - Number(seconds) * 1000) > toleranceMs) {
    throw new Problem(badSignature);
  }
  const expected = await sign(`${seconds}.${bodyText}`, secret);
  if (!timingSafeEqual(expected, Uint8Array.fromHex(signature))) throw new Problem(badSignature);
  const event = PspEvent.safeParse(JSON.parse(bodyText));
  if (!event.success) throw new Problem(problemTypes.invalidRequest);
  return event.data;
}

async function sign(text: string, secret: Secret): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = encoder.encode(secret.reveal());
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}
