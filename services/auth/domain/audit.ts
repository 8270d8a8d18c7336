import { z } from "zod";

/** Something that somebody did, or tried, that others may have to account for. */
export const AuditEvent = z.object({
  at: z.iso.datetime(),
  /** The operation, by its name in the tables of routes. */
  action: z.string(),
  outcome: z.enum(["done", "refused", "failed"]),
  /** What was answered. */
  status: z.int(),
  /** Who did it: a user's id, or a client's. Null for somebody who is not known. */
  actor: z.string().nullable(),
  /** To whom: a user's id. */
  subject: z.string().nullable(),
  /** From where: an IPv4 address, or the /64 of an IPv6 address. */
  address: z.string(),
});
export type AuditEvent = z.output<typeof AuditEvent>;

/** An event in its place in the log. */
export const AuditEntry = z.object({
  /** Counts from 1, without a gap. */
  seq: z.int().positive(),
  ...AuditEvent.shape,
  /** Over the event, its place and the hash before: nobody can change one, or take one out, unseen. */
  hash: z.string(),
});
export type AuditEntry = z.output<typeof AuditEntry>;

/** What the walk through the whole log has found. */
export const AuditIntegrity = z.object({
  entries: z.int(),
  /** The first entry that is not as it was written, or does not follow the one before; null when all is well. */
  brokenAt: z.int().nullable(),
});
export type AuditIntegrity = z.output<typeof AuditIntegrity>;

/** A keyed hash: who can write to the store, and has no key, cannot make one. */
export interface ChainHash {
  of(text: string): string;
}

/** The entry that comes after `before`; after nothing, the first. */
export function chained(
  before: Pick<AuditEntry, "seq" | "hash"> | undefined,
  event: AuditEvent,
  chain: ChainHash,
): AuditEntry {
  const seq = (before?.seq ?? 0) + 1;
  return { seq, ...event, hash: hashOf(before?.hash ?? "", seq, event, chain) };
}

/** Whether `entry` is what {@linkcode chained} made after `before`. */
export function follows(
  before: Pick<AuditEntry, "seq" | "hash"> | undefined,
  { seq, hash, ...event }: AuditEntry,
  chain: ChainHash,
): boolean {
  return seq === (before?.seq ?? 0) + 1 && hash === hashOf(before?.hash ?? "", seq, event, chain);
}

function hashOf(before: string, seq: number, event: AuditEvent, chain: ChainHash): string {
  const { at, action, outcome, status, actor, subject, address } = event;
  return chain.of(
    JSON.stringify([before, seq, at, action, outcome, status, actor, subject, address]),
  );
}
