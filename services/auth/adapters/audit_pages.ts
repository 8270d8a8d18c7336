import { type Page, toPage } from "platform/http";
import { type AuditEntry, type AuditIntegrity, type ChainHash, follows } from "../domain/mod.ts";

const batchMax = 1_000;

/** @param found newest first, one more than `limit` if there are more. */
export function pageOfEntries(found: readonly AuditEntry[], limit: number): Page<AuditEntry> {
  return toPage(found, limit, ({ at, seq }) => ({ at, id: String(seq) }));
}

/** Walks through the log from its beginning. @param read entries after a place, in order. */
export async function verifyChain(
  chain: ChainHash,
  read: (after: number, limit: number) => Promise<readonly AuditEntry[]>,
): Promise<AuditIntegrity> {
  let before: AuditEntry | undefined;
  for (;;) {
    const batch = await read(before?.seq ?? 0, batchMax);
    for (const entry of batch) {
      if (!follows(before, entry, chain)) return { entries: before?.seq ?? 0, brokenAt: entry.seq };
      before = entry;
    }
    if (batch.length < batchMax) return { entries: before?.seq ?? 0, brokenAt: null };
  }
}
