import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { z } from "zod";
import {
  concat,
  decrypt,
  encrypt,
  FieldCipherError,
  keyBytes,
  nonceBytes,
  tagBytes,
} from "./aes_gcm.ts";
import type { KeyRing } from "./key_ring.ts";
import { sensitiveFieldsOf } from "./sensitive_fields.ts";

const format = 1;
const wrappedBytes = nonceBytes + keyBytes + tagBytes;
const base64url = { alphabet: "base64url", omitPadding: true } as const;

/** A document as it is kept: its sensitive fields are sealed. Plain JSON. */
export interface SealedDocument {
  /** Of the key that sealed it. Kept beside the document and indexed, so that old ones are found. */
  readonly keyId: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/** Seals the sensitive fields of one table's documents, each record under a data key of its own. */
export interface DocumentCipher<Document> {
  /** The key that seals now; changes when the ring is reloaded. */
  readonly currentKeyId: string;
  /** @throws {KeyExhaustedError} when the current key has been used as often as it may be. */
  seal(record: string, document: Document): SealedDocument;
  /** @throws {FieldCipherError} when it was moved or changed, or its key is gone. */
  open(record: string, sealed: SealedDocument): Document;
}

/** The columns whose ciphertexts open nowhere else. */
export interface DocumentPlace {
  readonly service: string;
  readonly table: string;
}

/**
 * The cipher of a table whose documents are of `schema`: fields marked `.meta({ sensitive: true })`
 * are sealed, the others stay readable. A field that is null or absent has nothing to hide and stays so.
 *
 * Envelope: each write of a record has a random data key of 256 bits, and a sealed field reads, in base64url,
 *
 * | bytes | what                                                                                  |
 * | ----- | ------------------------------------------------------------------------------------- |
 * | 1     | format: 1                                                                             |
 * | 60    | the data key: nonce (12), ciphertext (32), tag (16), under the ring's key             |
 * | rest  | the field's JSON: nonce (12), ciphertext, tag (16), under the data key                |
 *
 * All of it is AES-256-GCM with random nonces. Authenticated with the data key: service, table, record
 * and key id; with the field: these and its name. What was sealed for another record or field, or in
 * another write than its neighbours, does not open. That a whole record was put back as it once was is
 * not noticed.
 *
 * @throws when no field is marked, or one that lies deeper than the document itself.
 */
export function openDocumentCipher<Schema extends z.ZodObject>(
  { ring, schema, ...place }: DocumentPlace & { readonly ring: KeyRing; readonly schema: Schema },
): DocumentCipher<z.output<Schema>> {
  return new EnvelopeCipher(ring, place, schema);
}

class EnvelopeCipher<Schema extends z.ZodObject> implements DocumentCipher<z.output<Schema>> {
  readonly #ring: KeyRing;
  readonly #place: DocumentPlace;
  readonly #schema: Schema;
  readonly #fields: readonly string[];

  constructor(ring: KeyRing, { service, table }: DocumentPlace, schema: Schema) {
    this.#ring = ring;
    this.#place = { service, table };
    this.#schema = schema;
    this.#fields = sensitiveFieldsOf(schema);
  }

  get currentKeyId(): string {
    return this.#ring.currentKeyId;
  }

  seal(record: string, document: z.output<Schema>): SealedDocument {
    const dataKey = randomBytes(keyBytes);
    const { keyId, sealed: wrapped } = this.#ring.seal(
      dataKey,
      (keyId) => this.#context(record, keyId),
    );
    const key = createSecretKey(dataKey);
    const fields = this.#present(document).map(([field, value]) => {
      const plain = new TextEncoder().encode(JSON.stringify(value));
      const sealed = encrypt(key, plain, this.#context(record, keyId, field));
      return [field, concat(Uint8Array.of(format), wrapped, sealed).toBase64(base64url)];
    });
    return { keyId, document: { ...document, ...Object.fromEntries(fields) } };
  }

  open(record: string, { keyId, document }: SealedDocument): z.output<Schema> {
    const sealed = this.#present(document).map(([field, value]) => ({ field, ...parse(value) }));
    const [first] = sealed;
    if (!first) return this.#schema.parse(document);
    // One for all: a field of another write has another data key, and does not open under this one.
    const key = this.#unwrap(first.wrapped, record, keyId);
    const fields = sealed.map(({ field, ciphertext }) => {
      const plain = decrypt(key, ciphertext, this.#context(record, keyId, field));
      return [field, JSON.parse(new TextDecoder().decode(plain))];
    });
    return this.#schema.parse({ ...document, ...Object.fromEntries(fields) });
  }

  #present(document: Readonly<Record<string, unknown>>): (readonly [string, unknown])[] {
    return this.#fields.map((field) => [field, document[field]] as const)
      .filter(([, value]) => value !== undefined && value !== null);
  }

  #unwrap(wrapped: Uint8Array, record: string, keyId: string): KeyObject {
    return createSecretKey(this.#ring.open(keyId, wrapped, this.#context(record, keyId)));
  }

  #context(record: string, keyId: string, ...field: readonly string[]): string {
    const { service, table } = this.#place;
    return JSON.stringify([service, table, record, ...field, keyId]);
  }
}

function parse(value: unknown): { readonly wrapped: Uint8Array; readonly ciphertext: Uint8Array } {
  const bytes = bytesOf(value);
  if (bytes?.[0] !== format) throw new FieldCipherError("Cannot open field: it is not sealed");
  return {
    wrapped: bytes.subarray(1, 1 + wrappedBytes),
    ciphertext: bytes.subarray(1 + wrappedBytes),
  };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return Uint8Array.fromBase64(value, base64url);
  } catch {
    // Whatever it is, it was not sealed here.
    return undefined;
  }
}
