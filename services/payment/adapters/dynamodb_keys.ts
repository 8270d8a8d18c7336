import { createHash } from "node:crypto";
import { z } from "zod";
import { type Currency, type LedgerEntry, PaymentId } from "../domain/mod.ts";
import type { Key } from "./dynamodb_write.ts";

/**
 * In how many parts the lists and totals lie, so that no partition takes all writes. What was written
 * stays where it is: a number may grow, and must not shrink.
 */
export const listShards = 8;
export const workShards = 4;
export const keyShards = 4;
export const totalShards = 8;

/** Which of `count` parts `text` belongs to: the same for good. */
export function bucketOf(text: string, count: number): number {
  return createHash("sha256").update(text).digest().readUInt32BE() % count;
}

export function paymentKey(id: PaymentId): Key {
  return { pk: `PAYMENT#${id}`, sk: "PAYMENT" };
}

/** The payment in whose partition an item is. */
export const PaymentPk = z.string().transform((pk) => pk.replace("PAYMENT#", "")).pipe(PaymentId);

/** The one payment that an order may have. */
export function orderKey(orderId: string): Key {
  return { pk: `ORDER#${orderId}`, sk: "ORDER" };
}

export function entryKey({ paymentId, booking, account }: LedgerEntry): Key {
  return { pk: `PAYMENT#${paymentId}`, sk: `ENTRY#${booking}#${account}` };
}

export function totalKey(currency: Currency, shard: number): Key {
  return { pk: `TOTAL#${currency}#${shard}`, sk: "TOTAL" };
}

/** A write that was made, whatever became of its answer. */
export function writeKey(writeId: string): Key {
  return { pk: `WRITE#${writeId}`, sk: "WRITE" };
}

export function webhookKey(eventId: string): Key {
  return { pk: `WEBHOOK#${eventId}`, sk: "WEBHOOK" };
}

/** Hashed: what a caller has chosen must not run together, nor be too long for a key. */
export function idempotencyKey(scope: string, key: string): Key {
  const hash = createHash("sha256").update(JSON.stringify([scope, key])).digest("hex");
  return { pk: `IDEMPOTENCY#${hash}`, sk: "IDEMPOTENCY" };
}

export function listShardOf(shard: number): string {
  return `PAYMENTS#${shard}`;
}

export function workShardOf(shard: number): string {
  return `WORK#${shard}`;
}

export function keyShardOf(shard: number): string {
  return `SEALED#${shard}`;
}

/** Sorts as (`at`, `id`) does. */
export function ageKey(at: string, id: string): string {
  return `${at}#${id}`;
}

export function epochSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
