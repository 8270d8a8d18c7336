import type { DocumentCipher, Resealable } from "platform/crypto";
import type { Claim } from "platform/work";
import type { MailDocument } from "../ciphers.ts";
import type { QueuedMail } from "../domain/mod.ts";
import type { MailStore } from "../ports.ts";
import { collections, KeptMail } from "./mongodb_collections.ts";
import type { MongodbLink } from "./mongodb_link.ts";
import { openSealed, resealAll, sealedOf } from "./mongodb_sealed.ts";

/** Mail that nobody could send for as long is swept away: its links have long expired. */
const keptMs = 86_400_000;

/**
 * Keeps mail in MongoDB until it is sent. Where a server finds and changes in two steps, two may get hold
 * of one mail, and it is sent twice, under the same id.
 */
export class MongodbMailStore implements MailStore, Resealable {
  readonly #link: MongodbLink;
  readonly #cipher: DocumentCipher<MailDocument>;

  constructor(link: MongodbLink, cipher: DocumentCipher<MailDocument>) {
    this.#link = link;
    this.#cipher = cipher;
  }

  async add({ id, mail, queuedAt, dueAt }: QueuedMail): Promise<void> {
    const kept = {
      _id: id,
      queuedAt,
      dueAt,
      leasedUntil: new Date(0),
      ...sealedOf(this.#cipher, id, { mail }),
      expiresAt: new Date(queuedAt.getTime() + keptMs),
    };
    await this.#link.run((db) => collections.mails(db).insertOne(kept));
  }

  async remove(id: string): Promise<void> {
    await this.#link.run((db) => collections.mails(db).deleteOne({ _id: id }));
  }

  async claim(id: string, at: Date, leaseMs: number): Promise<Claim<QueuedMail> | undefined> {
    const leasedUntil = new Date(at.getTime() + leaseMs);
    const found = await this.#link.run((db) =>
      collections.mails(db).findOneAndUpdate(
        { _id: id, leasedUntil: { $lte: at } },
        { $set: { leasedUntil } },
        { returnDocument: "after" },
      )
    );
    if (!found) return undefined;
    const { queuedAt, dueAt, ...sealed } = KeptMail.parse(found);
    const { mail } = openSealed(this.#cipher, id, sealed);
    return { item: { id, mail, queuedAt, dueAt }, leasedUntil };
  }

  async due(at: Date, limit: number): Promise<readonly string[]> {
    const found = await this.#link.run((db) =>
      collections.mails(db).find({ dueAt: { $lte: at }, leasedUntil: { $lte: at } })
        .project<{ _id: string }>({ _id: 1 }).sort({ dueAt: 1 }).limit(limit).toArray()
    );
    return found.map(({ _id }) => _id);
  }

  async release(id: string, leasedUntil: Date): Promise<void> {
    await this.#link.run((db) =>
      collections.mails(db).updateOne({ _id: id, leasedUntil }, {
        $set: { leasedUntil: new Date(0) },
      })
    );
  }

  async postpone(id: string, until: Date): Promise<void> {
    await this.#link.run((db) =>
      collections.mails(db).updateOne({ _id: id, dueAt: { $lt: until } }, {
        $set: { dueAt: until },
      })
    );
  }

  reseal(limit: number): Promise<number> {
    const mails = {
      collection: collections.mails,
      cipher: this.#cipher,
      recordOf: ({ _id }: KeptMail) => _id,
    };
    return resealAll(this.#link, mails, limit);
  }
}
