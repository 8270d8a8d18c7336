import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import { configError } from "platform/config";
import { periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { keyBytes } from "./aes_gcm.ts";
import type { EncryptionConfig } from "./encryption_config.ts";
import { KeyRing, type KeyRingContents } from "./key_ring.ts";
import { KeyRingError, parseKeyRingFile } from "./key_ring_file.ts";
import { KeyUses } from "./key_uses.ts";
import { type KeyWrapping, KeyWrappingError, openKeyWrapping } from "./key_wrapping.ts";

const defaultPollMs = 1_000;
/** The id under which the key of blind indexes is wrapped. No key of the ring can have it. */
export const blindIndexKeyId = "blind index";

export interface OpenKeyRingOptions {
  /** The program whose ring it is. */
  readonly service: string;
  readonly log: Logger;
  /** How often the file is looked at. Whoever rotates keys waits for longer, or asks. */
  readonly pollMs?: number;
}

/** A ring that follows its file until it is disposed of. */
export interface FollowedKeyRing extends AsyncDisposable {
  readonly ring: KeyRing;
}

/**
 * Opens the ring of `config` and follows its file. A later state of it that cannot be used is logged
 * once, and what was in force stays in force.
 *
 * @throws {ConfigError} naming the variable when the file, or KMS, gives no usable ring.
 */
export async function openKeyRing(
  config: EncryptionConfig,
  { service, log, pollMs = defaultPollMs }: OpenKeyRingOptions,
): Promise<FollowedKeyRing> {
  await using opening = new AsyncDisposableStack();
  const wrapping = opening.use(await openKeyWrapping(config.kms));
  const file = new KeyRingReader(config.file, wrapping, service);
  const contents = await told(() => file.read());
  // A file never read before has changed.
  const ring = new KeyRing(contents!, new KeyUses({ file: config.usesFile, log }));
  let fault: string | undefined;
  opening.use(periodically({ name: "key ring", everyMs: pollMs, log }, async () => {
    try {
      const changed = await file.read();
      fault = undefined;
      if (!changed) return;
      ring.replace(changed);
      log.info("Encryption keys changed", {
        "encryption.key.id": ring.currentKeyId,
        "encryption.key.count": ring.keyIds.length,
      });
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
      if (thrown.message === fault) return;
      fault = thrown.message;
      log.error("Cannot take new encryption keys: the old stay in force", {
        "error.message": fault,
      });
    }
  }));
  const opened = opening.move();
  return { ring, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function told<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof KeyWrappingError) {
      throw configError([`ENCRYPTION_KMS_KEY_ID: Cannot unwrap keys: ${thrown.message}`]);
    }
    if (thrown instanceof KeyRingError) {
      throw configError([`ENCRYPTION_KEYS_FILE: ${thrown.message}`]);
    }
    throw thrown;
  }
}

function isFault(thrown: unknown): thrown is KeyRingError | KeyWrappingError {
  return thrown instanceof KeyRingError || thrown instanceof KeyWrappingError;
}

/** Reads a ring file again and again; asks for a key to be unwrapped once. */
class KeyRingReader {
  readonly #path: string;
  readonly #wrapping: KeyWrapping;
  readonly #service: string;
  /** Unwrapped keys by the id and text of their entries. */
  #known: ReadonlyMap<string, KeyObject> = new Map();
  #blindIndexKey: KeyObject | undefined;
  #digest = "";

  constructor(path: string, wrapping: KeyWrapping, service: string) {
    this.#path = path;
    this.#wrapping = wrapping;
    this.#service = service;
  }

  /** @returns undefined when nothing has changed. @throws {KeyRingError | KeyWrappingError} */
  async read(): Promise<KeyRingContents | undefined> {
    const text = await this.#text();
    const digest = createHash("sha256").update(text).digest("hex");
    if (digest === this.#digest) return undefined;
    const { current, keys: entries, blindIndex } = parseKeyRingFile(text);
    const known = new Map<string, KeyObject>();
    const keys = new Map<string, KeyObject>();
    for (const [id, entry] of Object.entries(entries)) {
      const key = await this.#unwrap(id, entry);
      known.set(`${id} ${entry}`, key);
      keys.set(id, key);
    }
    const blindIndexKey = blindIndex === undefined
      ? undefined
      : await this.#unwrap(blindIndexKeyId, blindIndex);
    this.#refuseOtherIndex(blindIndexKey);
    this.#known = known;
    this.#blindIndexKey = blindIndexKey;
    this.#digest = digest;
    return { currentKeyId: current, keys, blindIndexKey };
  }

  /** Whatever was indexed under one key is not found under another. */
  #refuseOtherIndex(key: KeyObject | undefined): void {
    const before = this.#blindIndexKey;
    if (before === undefined || (key !== undefined && before.equals(key))) return;
    throw new KeyRingError("its key for blind indexes has changed: nothing would be found");
  }

  async #unwrap(keyId: string, entry: string): Promise<KeyObject> {
    const known = this.#known.get(`${keyId} ${entry}`);
    if (known) return known;
    const wrapped = Uint8Array.fromBase64(entry);
    const bytes = await this.#wrapping.unwrap(wrapped, { service: this.#service, keyId });
    if (bytes.byteLength !== keyBytes) {
      throw new KeyRingError(`each key of its ring must have ${keyBytes} bytes`);
    }
    return createSecretKey(bytes);
  }

  async #text(): Promise<string> {
    try {
      return await Deno.readTextFile(this.#path);
    } catch (cause) {
      throw new KeyRingError(`Cannot read the file it names: ${(cause as Error).name}`, { cause });
    }
  }
}
