import { configError } from "platform/config";
import { periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { Listeners } from "./listeners.ts";
import { normalSerial } from "./serial.ts";
import {
  ownFileVariables,
  readMaterial,
  readRevoked,
  TlsFileError,
  type TlsFiles,
} from "./tls_files.ts";
import { type MaterialFault, materialFault, type TlsMaterial } from "./tls_material.ts";

/** A program's TLS material as it is now. Servers and clients that hold it follow its changes. */
export interface TlsIdentity extends AsyncDisposable {
  readonly material: TlsMaterial;
  /** Whether the denylist names `serial`, a certificate's serial number in hexadecimal. */
  isRevoked(serial: string): boolean;
  /** Calls `listener` with each new material, after it was checked and taken. */
  onMaterial(listener: (material: TlsMaterial) => void): Disposable;
  /** Calls `listener` after each change of the denylist. */
  onRevoked(listener: () => void): Disposable;
}

export interface TlsIdentityOptions {
  readonly log: Logger;
  /** How often the files are looked at: with it a revocation holds well within 5 s. */
  readonly pollMs?: number;
}

const defaultPollMs = 1_000;
const timesUntilLogged = 2;

/**
 * Opens the material in `files` and follows it until disposed of. A later state of the files that
 * cannot be used is logged once, and what was in force stays in force.
 *
 * @throws {ConfigError} naming the variable of a file that is missing or cannot be used.
 */
export async function openTlsIdentity(
  files: TlsFiles,
  { log, pollMs = defaultPollMs }: TlsIdentityOptions,
): Promise<TlsIdentity> {
  try {
    const material = usable(await readMaterial(files), files);
    const revoked = await readRevokedOf(files);
    return new FileTlsIdentity(files, { material, revoked }, { log, pollMs });
  } catch (thrown) {
    if (thrown instanceof TlsFileError) throw configError([thrown.message]);
    throw thrown;
  }
}

interface Read {
  readonly material: TlsMaterial;
  readonly revoked: ReadonlySet<string>;
}

class FileTlsIdentity implements TlsIdentity {
  readonly #files: TlsFiles;
  readonly #log: Logger;
  readonly #materialListeners = new Listeners<TlsMaterial>();
  readonly #revokedListeners = new Listeners<void>();
  readonly #polling: AsyncDisposable;
  readonly #faults = new Map<string, { readonly message: string; readonly times: number }>();
  #material: TlsMaterial;
  #revoked: ReadonlySet<string>;

  constructor(files: TlsFiles, read: Read, { log, pollMs }: Required<TlsIdentityOptions>) {
    this.#files = files;
    this.#material = read.material;
    this.#revoked = read.revoked;
    this.#log = log;
    this.#polling = periodically(
      { name: "tls-identity", everyMs: pollMs, log },
      () => this.#follow(),
    );
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  isRevoked(serial: string): boolean {
    return this.#revoked.has(normalSerial(serial));
  }

  onMaterial(listener: (material: TlsMaterial) => void): Disposable {
    return this.#materialListeners.add(listener);
  }

  onRevoked(listener: () => void): Disposable {
    return this.#revokedListeners.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#polling[Symbol.asyncDispose]();
  }

  /** The denylist first: it must not wait for a certificate that somebody forgot to fix. */
  async #follow(): Promise<void> {
    await this.#attempt("revoked", () => this.#followRevoked());
    await this.#attempt("material", () => this.#followMaterial());
  }

  async #followRevoked(): Promise<void> {
    const revoked = await readRevokedOf(this.#files);
    if (revoked.symmetricDifference(this.#revoked).size === 0) return;
    this.#revoked = revoked;
    this.#log.info("Certificate denylist changed", { "tls.revoked.count": revoked.size });
    this.#logThrown(this.#revokedListeners.tell());
  }

  async #followMaterial(): Promise<void> {
    const material = await readMaterial(this.#files);
    if (isSame(material, this.#material)) return;
    this.#material = usable(material, this.#files);
    this.#log.info("Certificate material changed");
    this.#logThrown(this.#materialListeners.tell(material));
  }

  /**
   * Logs a fault when it is met a second time, and once: the first time, the files may just be halfway
   * through being replaced.
   */
  async #attempt(what: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
      this.#faults.delete(what);
    } catch (thrown) {
      if (!(thrown instanceof TlsFileError)) throw thrown;
      const before = this.#faults.get(what);
      const times = before?.message === thrown.message ? before.times + 1 : 1;
      this.#faults.set(what, { message: thrown.message, times });
      if (times !== timesUntilLogged) return;
      this.#log.error("Cannot take new certificate material: the old stays in force", {
        "error.message": thrown.message,
      });
    }
  }

  #logThrown(thrown: readonly unknown[]): void {
    for (const error of thrown) this.#log.failure("Certificate listener failed", error);
  }
}

function readRevokedOf({ revokedFile }: TlsFiles): Promise<ReadonlySet<string>> {
  return revokedFile === undefined ? Promise.resolve(new Set()) : readRevoked(revokedFile);
}

function usable(
  material: TlsMaterial,
  { variables = ownFileVariables }: TlsFiles,
): TlsMaterial {
  const fault: MaterialFault | undefined = materialFault(material, Date.now());
  if (fault) throw new TlsFileError(variables[fault.part], fault.reason);
  return material;
}

function isSame(one: TlsMaterial, other: TlsMaterial): boolean {
  return one.cert === other.cert && one.key === other.key && one.ca === other.ca;
}
