import type { Filter } from "mongodb";
import type { Resealable } from "platform/crypto";
import { StoreUnavailableError } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import {
  type Artifact,
  artifactsListedMax,
  type FoundArtifact,
  type GrantStore,
} from "../ports.ts";
import { MongodbAccountSteps } from "./mongodb_account_steps.ts";
import { ArtifactContents, collections, KeptArtifact, type Marker } from "./mongodb_collections.ts";
import { isDuplicateKey, type MongodbLink } from "./mongodb_link.ts";
import { openSealed, resealAll, sealedOf } from "./mongodb_sealed.ts";

/** Longer than anything that a grant leads to may live, which is 14 days. */
const revokedKeptMs = 30 * 86_400_000;
/** Two that insert the same key at once: the one that is late finds it there the next time. */
const putAttemptsMax = 3;
/** Contents never go before the artifact that they are in. */
const contentsKeptBeyondMs = 3_600_000;
/** An artifact that was put again between two reads has other contents: who reads again, reads those. */
const readsMax = 5;

export interface MongodbGrantStoreOptions {
  readonly link: MongodbLink;
  readonly cipher: Ciphers["artifacts"];
  readonly now: () => Date;
}

/**
 * Keeps grants in MongoDB. What is used up or revoked is so by one insert: an artifact counts for as long
 * as nothing says otherwise, whether or not it has been deleted yet.
 */
export class MongodbGrantStore implements GrantStore, Resealable {
  readonly #link: MongodbLink;
  readonly #steps: MongodbAccountSteps;
  readonly #cipher: Ciphers["artifacts"];
  readonly #now: () => Date;

  constructor({ link, cipher, now }: MongodbGrantStoreOptions) {
    this.#link = link;
    this.#steps = new MongodbAccountSteps(link);
    this.#cipher = cipher;
    this.#now = now;
  }

  async put({ key, payload, ...names }: Artifact): Promise<void> {
    const revocations = await this.#revocationsOf(names.owner);
    const contents = crypto.randomUUID();
    const expiresAt = new Date(names.expiresAt.getTime() + contentsKeptBeyondMs);
    const sealed = sealedOf(this.#cipher, key, { payload });
    await this.#link.run((db) =>
      collections.contents(db).insertOne({ _id: contents, key, ...sealed, expiresAt })
    );
    const before = await this.#replace(key, { ...names, revocations, contents });
    if (before) await this.#link.run((db) => collections.contents(db).deleteOne({ _id: before }));
  }

  /** @returns what was in the artifact before. Where two put at once, that of one may be left to expire. */
  async #replace(key: string, kept: Omit<KeptArtifact, "_id">): Promise<string | undefined> {
    const options = { upsert: true, returnDocument: "before" } as const;
    for (let attempt = 1;; attempt++) {
      try {
        const before = await this.#link.run((db) =>
          collections.artifacts(db).findOneAndReplace({ _id: key }, kept, options)
        );
        return before?.contents;
      } catch (thrown) {
        if (!isDuplicateKey(thrown) || attempt === putAttemptsMax) throw thrown;
      }
    }
  }

  find(key: string): Promise<FoundArtifact | undefined> {
    return this.#one({ _id: key });
  }

  findByUid(uidKey: string): Promise<FoundArtifact | undefined> {
    return this.#one({ uidKey });
  }

  findByUserCode(userCodeKey: string): Promise<FoundArtifact | undefined> {
    return this.#one({ userCodeKey });
  }

  async listByOwner(owner: string): Promise<readonly FoundArtifact[]> {
    const keys = await this.#link.run((db) =>
      collections.artifacts(db).find({ owner }).project<{ _id: string }>({ _id: 1 })
        .sort({ expiresAt: -1 }).limit(artifactsListedMax).toArray()
    );
    // Each as if it were asked for alone: what was revoked in the meantime is not there any more.
    const found = await Promise.all(keys.map(({ _id }) => this.#one({ _id })));
    return found.filter((artifact) => artifact !== undefined);
  }

  consumeOnce(key: string, rememberUntil: Date, at: Date): Promise<boolean> {
    return this.#mark("consumed", key, rememberUntil, at);
  }

  async destroy(key: string): Promise<void> {
    await this.#link.run((db) => collections.artifacts(db).deleteOne({ _id: key }));
    await this.#link.run((db) => collections.contents(db).deleteMany({ key }));
  }

  async revokeGrant(grantId: string): Promise<void> {
    const at = this.#now();
    await this.#mark("revoked", grantId, new Date(at.getTime() + revokedKeptMs), at);
    await this.#link.run((db) => collections.artifacts(db).deleteMany({ grantId }));
  }

  /** Not in one: when it fails, some may be there still, and it must be called again. */
  async revokeOwner(owner: string): Promise<void> {
    await this.#link.run((db) => collections.artifacts(db).deleteMany({ owner }));
  }

  async sweep(at: Date): Promise<number> {
    const expired = { expiresAt: { $lte: at } };
    await this.#link.run((db) => collections.consumed(db).deleteMany(expired));
    await this.#link.run((db) => collections.revoked(db).deleteMany(expired));
    await this.#link.run((db) => collections.accounts(db).deleteMany(expired));
    await this.#link.run((db) => collections.mails(db).deleteMany(expired));
    const { deletedCount } = await this.#link.run((db) =>
      collections.artifacts(db).deleteMany(expired)
    );
    await this.#link.run((db) => collections.contents(db).deleteMany(expired));
    return deletedCount;
  }

  reseal(limit: number): Promise<number> {
    const contents = {
      collection: collections.contents,
      cipher: this.#cipher,
      recordOf: ({ key }: ArtifactContents) => key,
    };
    return resealAll(this.#link, contents, limit);
  }

  /** The artifact is read first: what is said of it afterwards is no older than it. */
  async #one(name: Filter<KeptArtifact>): Promise<FoundArtifact | undefined> {
    const there = await this.#read(name);
    if (!there) return undefined;
    const { artifact, contents } = there;
    const { _id: key, uidKey, userCodeKey, grantId, owner, expiresAt } = artifact;
    const [revocations, revoked, consumed] = await Promise.all([
      this.#revocationsOf(owner),
      grantId === undefined ? null : this.#markOf("revoked", grantId),
      this.#markOf("consumed", key),
    ]);
    if (revoked || revocations !== artifact.revocations) return undefined;
    const { payload } = openSealed(this.#cipher, key, contents);
    // Those who marked it before markers had a time did so long ago.
    const consumedAt = consumed ? consumed.at ?? new Date(0) : undefined;
    return { key, uidKey, userCodeKey, grantId, owner, payload, expiresAt, consumedAt };
  }

  async #read(
    name: Filter<KeptArtifact>,
  ): Promise<{ readonly artifact: KeptArtifact; readonly contents: ArtifactContents } | undefined> {
    for (let reads = 0; reads < readsMax; reads++) {
      const found = await this.#link.run((db) => collections.artifacts(db).findOne(name));
      if (!found) return undefined;
      const artifact = KeptArtifact.parse(found);
      const { contents: _id } = artifact;
      const contents = await this.#link.run((db) => collections.contents(db).findOne({ _id }));
      if (contents) return { artifact, contents: ArtifactContents.parse(contents) };
    }
    throw new StoreUnavailableError("Cannot read artifact: it is put again all the time");
  }

  async #revocationsOf(owner: string | undefined): Promise<number> {
    return owner === undefined ? 0 : await this.#steps.revocations(owner);
  }

  /** @returns false when it was marked already. */
  async #mark(
    kind: "consumed" | "revoked",
    id: string,
    expiresAt: Date,
    at: Date,
  ): Promise<boolean> {
    try {
      await this.#link.run((db) => collections[kind](db).insertOne({ _id: id, expiresAt, at }));
      return true;
    } catch (thrown) {
      if (isDuplicateKey(thrown)) return false;
      throw thrown;
    }
  }

  #markOf(kind: "consumed" | "revoked", id: string): Promise<Marker | null> {
    return this.#link.run((db) => collections[kind](db).findOne({ _id: id }));
  }
}
