import { z } from "zod";
import type { Reach } from "platform/access";
import { type Page, type PageQuery, toPage } from "platform/http";
import { Payment, type PaymentId } from "../domain/mod.ts";
import { ageKey, listShardOf, listShards, paymentKey } from "./dynamodb_keys.ts";
import { byAge, byCustomer } from "./dynamodb_schema.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";

const Listed = z.object({ payment: Payment });

/** Strongly consistent. Opens nothing that is sealed. */
export async function readPayment(
  table: DynamodbTable,
  id: PaymentId,
): Promise<Payment | undefined> {
  const item = await table.get(paymentKey(id));
  return item && Listed.parse(item).payment;
}

/**
 * Payments within reach, newest first. One's own lie together; all of them lie in shards that are read
 * at once and merged. The indexes are eventually consistent: the newest may be missing for a moment.
 */
export async function listPayments(
  table: DynamodbTable,
  reach: Reach,
  query: PageQuery,
): Promise<Page<Payment>> {
  if (reach !== "any") {
    const index = { name: byCustomer, hash: "customerId", value: reach.owner };
    // A key cannot be empty, and nobody's id is.
    return toPaymentPage(reach.owner === "" ? [] : await readIndex(table, index, query), query);
  }
  const shards = await Promise.all(
    Array.from(
      { length: listShards },
      (_, shard) =>
        readIndex(table, { name: byAge, hash: "listShard", value: listShardOf(shard) }, query),
    ),
  );
  return toPaymentPage(shards.flat(), query);
}

/** A page from what was found after or before the cursor, in any order. */
export function toPaymentPage(
  found: readonly Payment[],
  { limit, cursor }: PageQuery,
): Page<Payment> {
  const keyOf = ({ createdAt, id }: Payment) => ageKey(createdAt, id);
  const before = cursor && ageKey(cursor.at, cursor.id);
  const newestFirst = found
    .filter((payment) => before === undefined || keyOf(payment) < before)
    .toSorted((one, other) => keyOf(one) < keyOf(other) ? 1 : -1);
  return toPage(newestFirst, limit, ({ createdAt, id }) => ({ at: createdAt, id }));
}

/** Up to one payment more than the page has. */
async function readIndex(
  table: DynamodbTable,
  { name, hash, value }: { readonly name: string; readonly hash: string; readonly value: string },
  { limit, cursor }: PageQuery,
): Promise<readonly Payment[]> {
  const { items } = await table.query({
    IndexName: name,
    KeyConditionExpression: cursor ? "#hash = :value AND ageKey < :before" : "#hash = :value",
    ExpressionAttributeNames: { "#hash": hash },
    ExpressionAttributeValues: {
      ":value": value,
      ...cursor && { ":before": ageKey(cursor.at, cursor.id) },
    },
    ScanIndexForward: false,
    Limit: limit + 1,
  });
  return items.map((item) => Listed.parse(item).payment);
}
