import { z } from "zod";
import { Balance, Currency, type LedgerEntry } from "../domain/mod.ts";
import { entryKey, totalKey, totalShards } from "./dynamodb_keys.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Write } from "./dynamodb_write.ts";

const Total = z.object({ currency: Currency, debitsMinor: z.int(), creditsMinor: z.int() });

/**
 * What books `entries`: each under a key that takes it once and is never written again, and their sums in
 * one of the totals of their currency, chosen by `random` from 0 to 1.
 */
export function bookingWrites(entries: readonly LedgerEntry[], random: number): readonly Write[] {
  const puts = entries.map((entry): Write => ({
    put: { ...entryKey(entry), ...entry },
    condition: "attribute_not_exists(pk)",
  }));
  const shard = Math.floor(random * totalShards);
  const byCurrency = Map.groupBy(entries, ({ currency }) => currency);
  const adds = [...byCurrency].map(([currency, booked]): Write => ({
    update: totalKey(currency, shard),
    with: {
      UpdateExpression: "SET currency = :currency ADD debitsMinor :debits, creditsMinor :credits",
      ExpressionAttributeValues: {
        ":currency": currency,
        ":debits": sumOf(booked, "debit"),
        ":credits": sumOf(booked, "credit"),
      },
    },
  }));
  return [...puts, ...adds];
}

/** The totals by currency, each strongly consistent; a booking that is made meanwhile is in them as a whole or not at all. */
export async function readBalances(table: DynamodbTable): Promise<readonly Balance[]> {
  const keys = Currency.options.flatMap((currency) =>
    Array.from({ length: totalShards }, (_, shard) => totalKey(currency, shard))
  );
  const totals = (await table.getAll(keys)).map((item) => Total.parse(item));
  const byCurrency = Map.groupBy(totals, ({ currency }) => currency);
  return Currency.options.toSorted().flatMap((currency) => {
    const of = byCurrency.get(currency);
    if (!of) return [];
    const debitsMinor = of.reduce((sum, total) => sum + total.debitsMinor, 0);
    const creditsMinor = of.reduce((sum, total) => sum + total.creditsMinor, 0);
    const differenceMinor = debitsMinor - creditsMinor;
    return [Balance.parse({ currency, debitsMinor, creditsMinor, differenceMinor })];
  });
}

function sumOf(entries: readonly LedgerEntry[], side: LedgerEntry["side"]): number {
  return entries.filter((entry) => entry.side === side)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
