import { AsyncLocalStorage } from "node:async_hooks";
import { createSecretKey, hkdfSync } from "node:crypto";
import { Buffer } from "node:buffer";
import { decrypt, encrypt, FieldCipherError } from "platform/crypto";
import { artifactKey } from "./artifact_key.ts";
import type { GrantStore } from "./ports.ts";

/** So long a client that asks again with the same refresh token is told the same again. */
export const graceMs = 10_000;
/** So long whoever was first has to answer; after that, another may in its place. */
export const firstAnswersWithinMs = 2_000;
/** Markers outlive what they are about, and clocks that disagree. */
const rememberedBeyondMs = 60_000;

/** What one request for a refresh has met with in the store. */
export interface RefreshTurn {
  /** Another has used the token up within the grace: its answer is the one to give. */
  isLate: boolean;
}

/** The turn of the request under way: the library has no way of saying it. */
export const refreshTurn: AsyncLocalStorage<RefreshTurn> = new AsyncLocalStorage<RefreshTurn>();

/** There is an answer to a refresh, and it is not for the one who asks. */
export class OthersAnswerError extends Error {
  override readonly name = "OthersAnswerError";
}

export interface RefreshGraceOptions {
  readonly grants: GrantStore;
  readonly now: () => Date;
}

/**
 * Lets a client that asks twice with one refresh token live: two tabs of a browser, or an answer that got
 * lost. Of all who ask within ten seconds, one gets new tokens, and the others the very same answer, if they
 * are the same client with the same key. The grace ends early when the token that came of it is used.
 *
 * An answer is sealed under a key that only the refresh token gives: the store does not know it.
 */
export class RefreshGrace {
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor({ grants, now }: RefreshGraceOptions) {
    this.#grants = grants;
    this.#now = now;
  }

  /** Whether a token that was used up at `consumedAt` may be shown again. */
  async isOpen(token: string, consumedAt: Date): Promise<boolean> {
    const sinceMs = this.#now().getTime() - consumedAt.getTime();
    if (sinceMs >= graceMs) return false;
    return await this.#grants.find(await keyOf("RefreshGraceOver", token)) === undefined;
  }

  /**
   * Whether the caller may answer in place of whoever was first and has died since. One may. Whoever was
   * first and lives after all finds that the answer is given.
   */
  async mayStepIn(token: string, consumedAt: Date): Promise<boolean> {
    const sinceMs = this.#now().getTime() - consumedAt.getTime();
    if (sinceMs < firstAnswersWithinMs || await this.#isAnswered(token)) return false;
    return await this.#once(await keyOf("RefreshStandIn", token));
  }

  /** A token is used that came of a refresh: what led to it must not be shown any more. */
  async endBefore(token: string): Promise<void> {
    const predecessor = await this.#grants.find(await keyOf("RefreshBefore", token));
    if (!predecessor) return;
    await this.#grants.put({
      key: String(predecessor.payload["over"]),
      payload: {},
      expiresAt: new Date(this.#now().getTime() + graceMs + rememberedBeyondMs),
    });
  }

  /**
   * Keeps the answer to a refresh for those who ask again.
   *
   * @param context who asked for what: others get nothing.
   * @returns the answer that is kept, which another may have been first to give.
   */
  async keep(
    token: string,
    { answer, context, successor }: {
      readonly answer: string;
      readonly context: string;
      readonly successor: string | undefined;
    },
  ): Promise<string | undefined> {
    if (!await this.#once(await keyOf("RefreshAnswered", token))) {
      return await this.answerTo(token, context);
    }
    const expiresAt = new Date(this.#now().getTime() + graceMs);
    const sealed = encrypt(cipherKeyOf(token), new TextEncoder().encode(answer), context);
    if (successor !== undefined) {
      const over = await keyOf("RefreshGraceOver", token);
      const key = await keyOf("RefreshBefore", successor);
      await this.#grants.put({ key, payload: { over }, expiresAt });
    }
    const payload = { sealed: Buffer.from(sealed).toString("base64") };
    await this.#grants.put({ key: await keyOf("RefreshAnswer", token), payload, expiresAt });
    return answer;
  }

  /**
   * The answer that was given to the same client for the same, while the grace lasts; undefined when there is
   * none yet, or no more.
   *
   * @throws {OthersAnswerError} when it is for somebody else, or for something else.
   */
  async answerTo(token: string, context: string): Promise<string | undefined> {
    const kept = await this.#grants.find(await keyOf("RefreshAnswer", token));
    if (!kept || kept.expiresAt <= this.#now()) return undefined;
    try {
      const sealed = Buffer.from(String(kept.payload["sealed"]), "base64");
      return new TextDecoder().decode(decrypt(cipherKeyOf(token), sealed, context));
    } catch (thrown) {
      if (!(thrown instanceof FieldCipherError)) throw thrown;
      throw new OthersAnswerError(
        "Cannot give the answer: another has asked, or for another thing",
        {
          cause: thrown,
        },
      );
    }
  }

  async #isAnswered(token: string): Promise<boolean> {
    return await this.#grants.find(await keyOf("RefreshAnswer", token)) !== undefined;
  }

  async #once(key: string): Promise<boolean> {
    const at = this.#now();
    const until = new Date(at.getTime() + graceMs + rememberedBeyondMs);
    return await this.#grants.consumeOnce(key, until, at);
  }
}

function keyOf(kind: string, token: string): Promise<string> {
  return artifactKey(kind, "id", token);
}

function cipherKeyOf(token: string) {
  const bytes = hkdfSync("sha256", token, "", "answer to a refresh", 32);
  return createSecretKey(new Uint8Array(bytes));
}
