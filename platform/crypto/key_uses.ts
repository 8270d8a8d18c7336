import { z } from "zod";
import { configError } from "platform/config";
import type { Logger } from "platform/telemetry";

/**
 * How often one process, with a data directory of its own, seals under one key. NIST SP 800-38D, 8.3,
 * allows 2³² for random nonces, by all who hold the key together: so up to {@linkcode replicasMax}
 * processes may share a ring without asking each other.
 */
export const keyUsesMax = 2 ** 28;
export const replicasMax = 16;
/** From this share of {@linkcode keyUsesMax} on, the log says that the key wants replacing. */
const warningShare = 3 / 4;
/** Uses are written down this many at a time, before they are made: what a crash leaves unmade is lost. */
const reservedUses = 4_096;

/** A key has been used as often as it may be. Another key of the ring must become the current one. */
export class KeyExhaustedError extends Error {
  override readonly name = "KeyExhaustedError";
}

export interface KeyUsesOptions {
  /** Where uses are remembered over restarts. Without it, only those of this process count. */
  readonly file?: string | undefined;
  readonly log: Logger;
  readonly usesMax?: number;
}

const Counts = z.record(z.string(), z.int().nonnegative());

/** Counts how often each key has sealed, so that none does so more often than is safe. */
export class KeyUses {
  readonly #options: KeyUsesOptions;
  readonly #usesMax: number;
  /** Uses made, by key. */
  readonly #made: Map<string, number>;
  /** Uses written down, by key: never fewer than were made. */
  readonly #reserved: Map<string, number>;
  readonly #warned = new Set<string>();

  /** @throws {ConfigError} when the file is there and no such count: it must not begin at 0 again. */
  constructor(options: KeyUsesOptions) {
    this.#options = options;
    this.#usesMax = options.usesMax ?? keyUsesMax;
    this.#reserved = options.file === undefined ? new Map() : readCounts(options.file);
    this.#made = new Map(this.#reserved);
  }

  /** Counts a use before it is made. @throws {KeyExhaustedError} when the key has none left. */
  count(keyId: string): void {
    const uses = (this.#made.get(keyId) ?? 0) + 1;
    if (uses > this.#usesMax) {
      throw new KeyExhaustedError(`Cannot seal: key "${keyId}" was used ${this.#usesMax} times`);
    }
    if (uses > (this.#reserved.get(keyId) ?? 0)) this.#reserve(keyId, uses - 1 + reservedUses);
    this.#made.set(keyId, uses);
    if (uses >= this.#usesMax * warningShare) this.#warn(keyId, uses);
  }

  #reserve(keyId: string, uses: number): void {
    this.#reserved.set(keyId, uses);
    const { file } = this.#options;
    if (file !== undefined) writeDurably(file, JSON.stringify(Object.fromEntries(this.#reserved)));
  }

  #warn(keyId: string, uses: number): void {
    if (this.#warned.has(keyId)) return;
    this.#warned.add(keyId);
    this.#options.log.warn("Encryption key is nearly used up: rotate it", {
      "encryption.key.id": keyId,
      "encryption.key.uses": uses,
      "encryption.key.uses_max": this.#usesMax,
    });
  }
}

function readCounts(file: string): Map<string, number> {
  try {
    return new Map(Object.entries(Counts.parse(JSON.parse(Deno.readTextFileSync(file)))));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return new Map();
    throw configError(["SALLYPORT_DATA_DIR: Its count of key uses cannot be read"]);
  }
}

/** Replaces the file whole, and on disk: a count that a power cut takes back would be no count. */
function writeDurably(file: string, text: string): void {
  const fresh = `${file}.${crypto.randomUUID()}.tmp`;
  {
    using handle = Deno.openSync(fresh, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.byteLength;) at += handle.writeSync(bytes.subarray(at));
    handle.syncSync();
  }
  Deno.renameSync(fresh, file);
}
