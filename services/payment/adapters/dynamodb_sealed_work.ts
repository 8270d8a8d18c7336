import { z } from "zod";
import type { Resealable } from "platform/crypto";
import type { PaymentId } from "../domain/mod.ts";
import type { DynamodbCourses } from "./dynamodb_courses.ts";
import { retried } from "./dynamodb_errors.ts";
import { keyShardOf, keyShards, paymentKey, PaymentPk } from "./dynamodb_keys.ts";
import { byKey } from "./dynamodb_schema.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Item } from "./dynamodb_write.ts";

const Sealed = z.object({ pk: PaymentPk });

/**
 * The sealed work of payments. What is under another key is read from an index, which may lag behind by a
 * moment: that none is left is certain only when it is found again and again. What is sealed anew is read
 * strongly consistent.
 */
export class DynamodbSealedWork implements Resealable {
  readonly #table: DynamodbTable;
  readonly #courses: DynamodbCourses;

  constructor(
    { table, courses }: { readonly table: DynamodbTable; readonly courses: DynamodbCourses },
  ) {
    this.#table = table;
    this.#courses = courses;
  }

  async reseal(limit: number): Promise<number> {
    let count = 0;
    for await (const id of this.#underAnotherKey(limit)) {
      if (await this.#resealOne(id)) count++;
      if (count === limit) break;
    }
    return count;
  }

  /** @returns whether it was under another key. What others have changed meanwhile is looked at again. */
  async #resealOne(id: PaymentId): Promise<boolean> {
    let resealed = false;
    await retried("Cannot seal payment anew: others were at it for too long", async () => {
      const item = await this.#table.get(paymentKey(id));
      const update = item && this.#courses.resealing(item);
      if (!update) return true;
      resealed = await this.#table.update(paymentKey(id), update) !== undefined;
      return resealed;
    });
    return resealed;
  }

  /** An index cannot be asked for what is not equal: so for what sorts before, and then after. */
  async *#underAnotherKey(limit: number): AsyncGenerator<PaymentId> {
    for (let shard = 0; shard < keyShards; shard++) {
      for (const isOther of ["keyId < :current", "keyId > :current"]) {
        let next: Item | undefined;
        do {
          const page = await this.#table.query({
            IndexName: byKey,
            KeyConditionExpression: `keyShard = :keyShard AND ${isOther}`,
            ExpressionAttributeValues: {
              ":keyShard": keyShardOf(shard),
              ":current": this.#courses.currentKeyId,
            },
            Limit: limit,
            ExclusiveStartKey: next,
          });
          for (const item of page.items) yield Sealed.parse(item).pk;
          next = page.next;
        } while (next);
      }
    }
  }
}
