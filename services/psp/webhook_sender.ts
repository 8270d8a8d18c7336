import type { Secret } from "platform/config";
import { type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import type { ChargeStore, Webhook } from "./charge_store.ts";

const attemptsMax = 12;
const retryMsMin = 500;
const retryMsMax = 60_000;
const sendTimeoutMs = 5_000;
const batchMax = 20;

export interface WebhookSenderOptions {
  readonly charges: ChargeStore;
  readonly url: string;
  readonly secret: Secret;
  readonly fetch: typeof fetch;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Tells the merchant of every change, signed, again and again until it is acknowledged or given up. */
export function sendWebhooks(options: WebhookSenderOptions): Periodic {
  const { charges, log, now } = options;
  return periodically({ name: "webhooks", everyMs: 250, log }, async () => {
    const due = charges.dueWebhooks(now().getTime(), batchMax);
    await Promise.all(due.map((webhook) => deliver(options, webhook)));
  });
}

async function deliver(options: WebhookSenderOptions, webhook: Webhook): Promise<void> {
  const { charges, log, now } = options;
  if (await send(options, webhook)) return charges.webhookDelivered(webhook.id);
  if (webhook.attempts + 1 >= attemptsMax) {
    log.warn("Webhook given up", { "webhook.id": webhook.id });
    return charges.webhookDelivered(webhook.id);
  }
  const pauseMs = Math.min(retryMsMax, retryMsMin * 2 ** webhook.attempts);
  charges.webhookFailed(webhook.id, now().getTime() + pauseMs);
}

/** Whether the merchant has acknowledged it. */
async function send(
  { url, secret, fetch, now }: WebhookSenderOptions,
  { body }: Webhook,
): Promise<boolean> {
  const seconds = Math.floor(now().getTime() / 1000);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "psp-signature": `t=${seconds},v1=${await sign(`${seconds}.${body}`, secret)}`,
      },
      body,
      signal: AbortSignal.timeout(sendTimeoutMs),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // The merchant is away: that is what the next attempt is for.
    return false;
  }
}

async function sign(text: string, secret: Secret): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = encoder.encode(secret.reveal());
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))).toHex();
}
