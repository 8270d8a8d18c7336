import { z } from "zod";
import type { Claim } from "platform/work";
import type { Course, PaymentId } from "../domain/mod.ts";
import type { PaymentWorkStore, WebhookInbox } from "../ports.ts";
import type { DynamodbCourses } from "./dynamodb_courses.ts";
import {
  epochSeconds,
  paymentKey,
  PaymentPk,
  webhookKey,
  workShardOf,
  workShards,
} from "./dynamodb_keys.ts";
import { byDue } from "./dynamodb_schema.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Item } from "./dynamodb_write.ts";

/** Longer than the processor sends a webhook again. */
const rememberedMs = 30 * 24 * 3_600_000;

const Due = z.object({
  pk: PaymentPk,
  dueAt: z.string(),
});

interface DynamodbWorkOptions {
  readonly table: DynamodbTable;
  readonly courses: DynamodbCourses;
  readonly newId: () => string;
}

/**
 * Leases payments with something left to do, by conditional writes. Which ones are due is read from an
 * index, which may lag behind: what counts is the claim.
 */
export class DynamodbPaymentWorkStore implements PaymentWorkStore {
  readonly #table: DynamodbTable;
  readonly #courses: DynamodbCourses;
  readonly #newId: () => string;

  constructor({ table, courses, newId }: DynamodbWorkOptions) {
    this.#table = table;
    this.#courses = courses;
    this.#newId = newId;
  }

  async claim(id: PaymentId, at: Date, leaseMs: number): Promise<Claim<Course> | undefined> {
    const until = at.getTime() + leaseMs;
    const leaseId = this.#newId();
    const item = await this.#table.update(paymentKey(id), {
      UpdateExpression: "SET leasedUntilMs = :until, leaseId = :leaseId",
      ConditionExpression: "attribute_exists(workShard) AND leasedUntilMs <= :now",
      ExpressionAttributeValues: { ":until": until, ":leaseId": leaseId, ":now": at.getTime() },
    }) ?? await this.#heldBy(id, leaseId);
    return item && { item: this.#courses.open(item).course, leasedUntil: new Date(until) };
  }

  async due(at: Date, limit: number): Promise<readonly PaymentId[]> {
    const shards = await Promise.all(
      Array.from({ length: workShards }, (_, shard) => this.#dueIn(workShardOf(shard), at, limit)),
    );
    const longestFirst = shards.flat()
      .toSorted((one, other) => one.dueAt < other.dueAt ? -1 : one.dueAt > other.dueAt ? 1 : 0);
    return longestFirst.slice(0, limit).map(({ pk }) => pk);
  }

  async release(id: PaymentId, leasedUntil: Date): Promise<void> {
    await this.#table.update(paymentKey(id), {
      UpdateExpression: "SET leasedUntilMs = :none",
      ConditionExpression: "leasedUntilMs = :until",
      ExpressionAttributeValues: { ":none": 0, ":until": leasedUntil.getTime() },
    });
  }

  async postpone(id: PaymentId, until: Date): Promise<void> {
    await this.#table.update(paymentKey(id), {
      UpdateExpression: "SET dueAt = :until",
      ConditionExpression: "attribute_exists(workShard) AND dueAt < :until",
      ExpressionAttributeValues: { ":until": until.toISOString() },
    });
  }

  /** The payment, when a claim of ours was made whose answer was lost. */
  async #heldBy(id: PaymentId, leaseId: string): Promise<Item | undefined> {
    const item = await this.#table.get(paymentKey(id));
    return item?.["leaseId"] === leaseId ? item : undefined;
  }

  /** Those that are held are read and left out, so that a page may have fewer than it could. */
  async #dueIn(
    workShard: string,
    at: Date,
    limit: number,
  ): Promise<readonly z.output<typeof Due>[]> {
    const due: z.output<typeof Due>[] = [];
    let next: Item | undefined;
    do {
      const page = await this.#table.query({
        IndexName: byDue,
        KeyConditionExpression: "workShard = :workShard AND dueAt <= :at",
        FilterExpression: "leasedUntilMs <= :now",
        ExpressionAttributeValues: {
          ":workShard": workShard,
          ":at": at.toISOString(),
          ":now": at.getTime(),
        },
        Limit: limit,
        ExclusiveStartKey: next,
      });
      due.push(...page.items.map((item) => Due.parse(item)));
      next = page.next;
    } while (next && due.length < limit);
    return due;
  }
}

/** Remembers webhooks in the table of payment. */
export class DynamodbWebhookInbox implements WebhookInbox {
  readonly #table: DynamodbTable;
  readonly #newId: () => string;

  constructor({ table, newId }: Omit<DynamodbWorkOptions, "courses">) {
    this.#table = table;
    this.#newId = newId;
  }

  async take(eventId: string, id: PaymentId, at: Date): Promise<boolean> {
    const key = webhookKey(eventId);
    const nowSeconds = epochSeconds(at.getTime());
    const there = await this.#table.get(key);
    if (there && Number(there["expiresAt"]) > nowSeconds) return false;
    // First what it is about, which may be done twice, and then that it was: a crash in between loses nothing.
    await this.#table.update(paymentKey(id), {
      UpdateExpression: "SET dueAt = :at",
      ConditionExpression: "attribute_exists(workShard)",
      ExpressionAttributeValues: { ":at": at.toISOString() },
    });
    const takenBy = this.#newId();
    const expiresAt = epochSeconds(at.getTime() + rememberedMs);
    const isNew = await this.#table.put(
      { ...key, takenBy, expiresAt },
      "attribute_not_exists(pk) OR expiresAt <= :now",
      { ":now": nowSeconds },
    );
    return isNew || (await this.#table.get(key))?.["takenBy"] === takenBy;
  }
}
