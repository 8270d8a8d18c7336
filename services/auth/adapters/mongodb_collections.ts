import type { Collection, CreateIndexesOptions, Db, IndexSpecification } from "mongodb";
import { z } from "zod";
import type { AuditEntry } from "../domain/mod.ts";
import { isNotImplemented, type MongodbLink } from "./mongodb_link.ts";

/** A document as its cipher leaves it. JSON text: names of its members may be none that MongoDB takes. */
export const Sealed = z.object({ keyId: z.string(), document: z.string() });
export type Sealed = z.output<typeof Sealed>;

/**
 * One state of an account, and one document. A change adds the next step by inserting it: `_id` is unique,
 * so of all who would change the same state one has, and what belongs to the change is in force with it.
 */
export const AccountStep = z.object({
  /** Of {@linkcode stepId}. */
  _id: z.string(),
  user: z.string(),
  /** Counts from 1. The highest is the account. */
  step: z.int().positive(),
  /** Unique together with `step`: two accounts with one address would share their first. */
  emailIndex: z.string(),
  createdAt: z.string(),
  /** When it was written; later than the step before, whatever the clocks say. */
  at: z.date(),
  /** How often the person's grants have been revoked: those from before the last time are gone. */
  revocations: z.int().nonnegative(),
  ...Sealed.partial().shape,
  /** Until the outbox has done with this step: who does it. */
  lane: z.int().nonnegative().optional(),
  /** A CloudEvent in JSON, until it is sent. */
  event: z.string().optional(),
  /** Of a step that another has taken the place of. */
  expiresAt: z.date().optional(),
});
export type AccountStep = z.output<typeof AccountStep>;

export function stepId(user: string, step: number): string {
  return `${user} ${step}`;
}

export const KeptArtifact = z.object({
  /** The artifact's key. */
  _id: z.string(),
  uidKey: z.string().optional(),
  userCodeKey: z.string().optional(),
  grantId: z.string().optional(),
  owner: z.string().optional(),
  /** Of the owner's account when it was put: with another number there, it is gone. */
  revocations: z.int().nonnegative(),
  /** The id of its contents. */
  contents: z.string(),
  expiresAt: z.date(),
});
export type KeptArtifact = z.output<typeof KeptArtifact>;

/**
 * What is in an artifact, from one put on until the next. Sealing anew changes how it is written and not
 * what it says: a put at that moment has contents of its own, and nothing is lost.
 */
export const ArtifactContents = z.object({
  _id: z.string(),
  /** The artifact's. */
  key: z.string(),
  ...Sealed.shape,
  expiresAt: z.date(),
});
export type ArtifactContents = z.output<typeof ArtifactContents>;

/** Mail that waits to be sent. */
export const KeptMail = z.object({
  _id: z.string(),
  queuedAt: z.date(),
  dueAt: z.date(),
  leasedUntil: z.date(),
  ...Sealed.shape,
  expiresAt: z.date(),
});
export type KeptMail = z.output<typeof KeptMail>;

/** An entry of the audit log, by its place. */
export type KeptAuditEntry = Omit<AuditEntry, "seq"> & { readonly _id: number };

/** That something has happened. Its insert is what makes it so. */
export interface Marker {
  readonly _id: string;
  /** When it did. */
  readonly at?: Date;
  readonly expiresAt: Date;
}

/** That a relay is at a lane. */
export interface LaneLease extends Marker {
  readonly holder: string;
}

export const collections = {
  accounts: (db: Db): Collection<AccountStep> => db.collection("accounts"),
  artifacts: (db: Db): Collection<KeptArtifact> => db.collection("artifacts"),
  contents: (db: Db): Collection<ArtifactContents> => db.collection("artifact_contents"),
  consumed: (db: Db): Collection<Marker> => db.collection("consumed_artifacts"),
  revoked: (db: Db): Collection<Marker> => db.collection("revoked_grants"),
  mails: (db: Db): Collection<KeptMail> => db.collection("mails"),
  audit: (db: Db): Collection<KeptAuditEntry> => db.collection("audit"),
  lanes: (db: Db): Collection<LaneLease> => db.collection("outbox_lanes"),
};

/** All collections whose documents end at their `expiresAt`. */
const expiring = ["accounts", "artifacts", "contents", "consumed", "revoked", "mails"] as const;

const indexes: Readonly<
  Partial<Record<keyof typeof collections, readonly [IndexSpecification, CreateIndexesOptions?][]>>
> = {
  accounts: [
    [{ emailIndex: 1, step: -1 }, { unique: true }],
    [{ user: 1, step: -1 }],
    [{ step: 1, createdAt: -1, user: -1 }],
    [{ lane: 1, at: 1 }],
    [{ keyId: 1 }],
  ],
  artifacts: [[{ uidKey: 1 }], [{ userCodeKey: 1 }], [{ grantId: 1 }], [{ owner: 1 }]],
  contents: [[{ key: 1 }], [{ keyId: 1 }]],
  mails: [[{ dueAt: 1 }], [{ keyId: 1 }]],
};

/**
 * Makes the indexes that are not there yet. At each start and not by hand: without the unique one, two
 * could sign up with one address. One that is there costs nothing; on much data a new one is built by an
 * operator before the program that wants it comes.
 */
export async function prepare(link: MongodbLink): Promise<void> {
  for (const [name, specifications] of Object.entries(indexes)) {
    const collection = collections[name as keyof typeof indexes];
    for (const [keys, options] of specifications) {
      await link.run((db) => collection(db).createIndex(keys, options));
    }
  }
  for (const name of expiring) await expire(link, name);
}

/** Lets the server itself end documents, where it can; elsewhere sweeping is all there is. */
async function expire(link: MongodbLink, name: keyof typeof collections): Promise<void> {
  const keys = { expiresAt: 1 } as const;
  const create = (options: CreateIndexesOptions) =>
    link.run((db) => collections[name](db).createIndex(keys, options));
  try {
    await create({ expireAfterSeconds: 0 });
  } catch (thrown) {
    if (!isNotImplemented(thrown)) throw thrown;
    await create({});
  }
}
