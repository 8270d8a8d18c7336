import { type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import { SigningKeys, type SigningKeySource } from "./signing_keys.ts";

export interface SigningKeyFileOptions {
  readonly path: string;
  /** What the file held when the program's configuration was read. */
  readonly current: SigningKeys;
  readonly log: Logger;
  /** How often the file is looked at. */
  readonly pollMs?: number;
}

const defaultPollMs = 1_000;

/**
 * The signing keys in a file, which is followed until disposed of. A later state of it that cannot be used is
 * logged once, and the keys that were in force stay in force.
 */
export class SigningKeyFile implements SigningKeySource, AsyncDisposable {
  readonly #path: string;
  readonly #log: Logger;
  readonly #polling: Periodic;
  #current: SigningKeys;
  #seen: string | undefined = "";

  constructor({ path, current, log, pollMs = defaultPollMs }: SigningKeyFileOptions) {
    this.#path = path;
    this.#current = current;
    this.#log = log;
    this.#polling = periodically(
      { name: "signing-keys", everyMs: pollMs, log },
      () => this.#follow(),
    );
  }

  get current(): SigningKeys {
    return this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#polling[Symbol.asyncDispose]();
  }

  async #follow(): Promise<void> {
    const text = await Deno.readTextFile(this.#path).catch(ifUnreadable);
    if (text === this.#seen) return;
    this.#seen = text;
    const fault = text === undefined ? "Cannot read the file it names" : this.#take(text);
    if (fault === undefined) return;
    this.#log.error("Cannot take new signing keys: the old stay in force", {
      "error.message": `OIDC_SIGNING_KEYS_FILE: ${fault}`,
    });
  }

  /** @returns what is wrong with `text`, and nothing of what stands there. */
  #take(text: string): string | undefined {
    const parsed = SigningKeys.safeParse(parseJson(text), { reportInput: false });
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      return `In its file, at "${path.join("/")}": ${message}`;
    }
    // What stands in the file beside the keys is not ours.
    if (JSON.stringify(parsed.data) === JSON.stringify(this.#current)) return undefined;
    this.#current = parsed.data;
    const kids = parsed.data.keys.map(({ kid }) => kid).join(" ");
    this.#log.info("Signing keys changed", { "token.kids": kids });
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ifUnreadable(thrown: unknown): undefined {
  const isUnreadable = thrown instanceof Deno.errors.NotFound ||
    thrown instanceof Deno.errors.PermissionDenied;
  if (!isUnreadable) throw thrown;
}
