import type { Collection, Db, Filter, MatchKeysAndValues } from "mongodb";
import type { DocumentCipher } from "platform/crypto";
import { Sealed } from "./mongodb_collections.ts";
import type { MongodbLink } from "./mongodb_link.ts";

export function sealedOf<Document>(
  cipher: DocumentCipher<Document>,
  record: string,
  document: Document,
): Sealed {
  const sealed = cipher.seal(record, document);
  return { keyId: sealed.keyId, document: JSON.stringify(sealed.document) };
}

export function openSealed<Document>(
  cipher: DocumentCipher<Document>,
  record: string,
  { keyId, document }: Sealed,
): Document {
  return cipher.open(record, { keyId, document: JSON.parse(document) });
}

/** What is kept, and may be sealed. */
interface MaySealed {
  _id: string;
  keyId?: string | undefined;
  document?: string | undefined;
}

/** Those of a collection that are sealed. What each says never changes: only what it is sealed under. */
export interface SealedRecords<Document, Kept extends MaySealed> {
  readonly collection: (db: Db) => Collection<Kept>;
  readonly cipher: DocumentCipher<Document>;
  readonly recordOf: (kept: Kept) => string;
}

/**
 * Seals up to `limit` documents that are under another key than the current one. One that is changed
 * meanwhile stays as it was changed, and is looked at again if that was under the former key.
 *
 * @returns how many there were.
 */
export async function resealAll<Document, Kept extends MaySealed>(
  link: MongodbLink,
  { collection, cipher, recordOf }: SealedRecords<Document, Kept>,
  limit: number,
): Promise<number> {
  // The driver's types of filters know no members of a type parameter.
  const former = { keyId: { $exists: true, $ne: cipher.currentKeyId } } as Filter<Kept>;
  const found = await link.run((db) => collection(db).find(former).limit(limit).toArray());
  for (const kept of found) {
    const sealed = Sealed.parse(kept);
    const record = recordOf(kept as Kept);
    const anew = sealedOf(cipher, record, openSealed(cipher, record, sealed));
    const same = { _id: kept._id, ...sealed } as unknown as Filter<Kept>;
    await link.run((db) =>
      collection(db).updateOne(same, { $set: anew as unknown as MatchKeysAndValues<Kept> })
    );
  }
  return found.length;
}
