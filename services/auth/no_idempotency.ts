import type { IdempotencyStore } from "platform/http";

/** No operation of this service takes an `Idempotency-Key`: e-mail addresses and versions do its work. */
export const noIdempotency: IdempotencyStore = {
  claim: refuseKey,
  answer: refuseKey,
  release: refuseKey,
};

function refuseKey(): Promise<never> {
  return Promise.reject(new Error("Cannot keep an idempotency key: auth has no store for them"));
}
