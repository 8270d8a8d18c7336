import { z } from "zod";
import {
  type Claim,
  type ClaimedKey,
  type IdempotencyStore,
  keptMs,
  type KeyUse,
  type StoredAnswer,
} from "platform/http";
import { StoreUnavailableError } from "platform/store";
import { epochSeconds, idempotencyKey } from "./dynamodb_keys.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Item } from "./dynamodb_write.ts";

const KnownKey = z.object({
  fingerprint: z.string(),
  resourceId: z.string(),
  claimId: z.string(),
  expiresAt: z.int(),
  answer: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
  }).optional(),
});

/** An item may go away between a write that it was in the way of and the look at it: then once more. */
const triesMax = 3;
const hasNoAnswer = "attribute_exists(pk) AND attribute_not_exists(answer)";

/** Keeps idempotency keys in the table of payment, each by conditional writes of its own item. */
export class DynamodbIdempotencyStore implements IdempotencyStore {
  readonly #table: DynamodbTable;
  readonly #newId: () => string;

  constructor({ table, newId }: { readonly table: DynamodbTable; readonly newId: () => string }) {
    this.#table = table;
    this.#newId = newId;
  }

  async claim(use: KeyUse, at: Date, leaseMs: number): Promise<Claim> {
    const claimId = this.#newId();
    for (let tries = 0; tries < triesMax; tries++) {
      const taken = await this.#takeNew(use, at, leaseMs, claimId) ??
        await this.#takeUp(use, at, leaseMs, claimId);
      if (taken) return claimed(taken, at, leaseMs);
      const known = await this.#read(use);
      // What has expired, or is just gone, is taken as new in the next round.
      if (!known || known.expiresAt <= epochSeconds(at.getTime())) continue;
      if (known.claimId === claimId) return claimed(known, at, leaseMs);
      if (known.fingerprint !== use.fingerprint) return { state: "reused" };
      return known.answer ? { state: "answered", answer: known.answer } : { state: "in_flight" };
    }
    throw new StoreUnavailableError("Cannot claim idempotency key: it comes and goes");
  }

  async answer({ scope, key }: KeyUse, answer: StoredAnswer): Promise<void> {
    await this.#table.update(idempotencyKey(scope, key), {
      UpdateExpression: "SET answer = :answer",
      ConditionExpression: hasNoAnswer,
      ExpressionAttributeValues: { ":answer": answer },
    });
  }

  async release({ scope, key }: KeyUse, leasedUntil: Date): Promise<void> {
    await this.#table.update(idempotencyKey(scope, key), {
      UpdateExpression: "SET leasedUntilMs = :none",
      ConditionExpression: `${hasNoAnswer} AND leasedUntilMs = :until`,
      ExpressionAttributeValues: { ":none": 0, ":until": leasedUntil.getTime() },
    });
  }

  /** Takes a key that nobody has used, or so long ago that it is forgotten. */
  async #takeNew(
    { scope, key, fingerprint, resourceId }: KeyUse,
    at: Date,
    leaseMs: number,
    claimId: string,
  ): Promise<{ readonly resourceId: string } | undefined> {
    const item = {
      ...idempotencyKey(scope, key),
      fingerprint,
      resourceId,
      claimId,
      leasedUntilMs: at.getTime() + leaseMs,
      expiresAt: epochSeconds(at.getTime() + 2 * keptMs),
    };
    const isNew = "attribute_not_exists(pk) OR expiresAt <= :now";
    const values = { ":now": epochSeconds(at.getTime()) };
    return await this.#table.put(item, isNew, values) ? { resourceId } : undefined;
  }

  /** Takes a key that was let go without an answer. */
  async #takeUp(
    { scope, key, fingerprint }: KeyUse,
    at: Date,
    leaseMs: number,
    claimId: string,
  ): Promise<{ readonly resourceId: string } | undefined> {
    const item = await this.#table.update(idempotencyKey(scope, key), {
      UpdateExpression: "SET leasedUntilMs = :until, claimId = :claimId",
      ConditionExpression:
        `${hasNoAnswer} AND fingerprint = :fingerprint AND leasedUntilMs <= :now`,
      ExpressionAttributeValues: {
        ":until": at.getTime() + leaseMs,
        ":claimId": claimId,
        ":fingerprint": fingerprint,
        ":now": at.getTime(),
      },
    });
    return item && toKnownKey(item);
  }

  async #read({ scope, key }: KeyUse): Promise<z.output<typeof KnownKey> | undefined> {
    const item = await this.#table.get(idempotencyKey(scope, key));
    return item && toKnownKey(item);
  }
}

function claimed(
  { resourceId }: { readonly resourceId: string },
  at: Date,
  leaseMs: number,
): ClaimedKey {
  return { state: "claimed", resourceId, leasedUntil: new Date(at.getTime() + leaseMs) };
}

function toKnownKey(item: Item): z.output<typeof KnownKey> {
  return KnownKey.parse(item);
}
