import { z } from "zod";
import { artifactKey } from "./artifact_key.ts";
import type { GrantStore } from "./ports.ts";

/** Long enough to find a security key and to remember its PIN. */
export const challengeMs = 300_000;
/** Markers of used challenges outlive clocks that disagree. */
const rememberedBeyondMs = 60_000;
const challengeBytes = 32;

const Payload = z.object({ purpose: z.string() });

/** What a challenge is good for. */
export interface ChallengePurpose {
  /** Names also the visit or session that it is for: elsewhere the answer is worth nothing. */
  readonly purpose: string;
  /** With the end of their sign-ins the challenge ends, too. */
  readonly owner?: string | undefined;
}

/**
 * The random numbers that passkeys sign, each good once.
 *
 * @see {@link https://www.w3.org/TR/webauthn-3/#sctn-cryptographic-challenges | WebAuthn, challenges}
 */
export class PasskeyChallenges {
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor(grants: GrantStore, now: () => Date) {
    this.#grants = grants;
    this.#now = now;
  }

  /** @returns the challenge in base64url. */
  async make({ purpose, owner }: ChallengePurpose): Promise<string> {
    const bytes = crypto.getRandomValues(new Uint8Array(challengeBytes));
    const challenge = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const expiresAt = new Date(this.#now().getTime() + challengeMs);
    await this.#grants.put({ key: await keyOf(challenge), owner, payload: { purpose }, expiresAt });
    return challenge;
  }

  /** Uses the challenge up. @returns whether it was one of ours, for this purpose, in time and unused. */
  async redeem(challenge: string, purpose: string): Promise<boolean> {
    const key = await keyOf(challenge);
    const artifact = await this.#grants.find(key);
    if (!artifact || artifact.expiresAt <= this.#now()) return false;
    if (Payload.parse(artifact.payload).purpose !== purpose) return false;
    const rememberUntil = new Date(artifact.expiresAt.getTime() + rememberedBeyondMs);
    return await this.#grants.consumeOnce(key, rememberUntil, this.#now());
  }
}

function keyOf(challenge: string): Promise<string> {
  return artifactKey("PasskeyChallenge", "id", challenge);
}
