import { artifactKey } from "./artifact_key.ts";
import type { Artifact, GrantStore } from "./ports.ts";

export type LinkKind = "PasswordReset" | "SignUp";

const secretBytes = 32;
/** Markers of used links outlive clocks that disagree. */
const rememberedBeyondMs = 60_000;

export interface LinkContents {
  /** Whose other grants it goes with. */
  readonly owner?: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly lifeMs: number;
}

/**
 * Secrets that are good for one thing, once, for whoever has them. Only their hashes are kept. Looking at
 * what one is for does not use it up: programs that check mail for danger follow links, too.
 */
export class OneTimeLinks {
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor({ grants, now }: { readonly grants: GrantStore; readonly now: () => Date }) {
    this.#grants = grants;
    this.#now = now;
  }

  /** @returns the secret, of 256 bits, in characters that a URL takes as they are. */
  async issue(kind: LinkKind, { owner, payload, lifeMs }: LinkContents): Promise<string> {
    const bytes = crypto.getRandomValues(new Uint8Array(secretBytes));
    const secret = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    await this.#grants.put({
      key: await artifactKey(kind, "id", secret),
      owner,
      payload: { ...payload, kind },
      expiresAt: new Date(this.#now().getTime() + lifeMs),
    });
    return secret;
  }

  /** What an unused link is for, or undefined when it is none, or none any more. */
  async look(kind: LinkKind, secret: string): Promise<Artifact["payload"] | undefined> {
    return (await this.#find(kind, secret))?.payload;
  }

  /** As {@linkcode look}, for one caller only, however many ask. */
  async use(kind: LinkKind, secret: string): Promise<Artifact["payload"] | undefined> {
    const link = await this.#find(kind, secret);
    if (!link) return undefined;
    const rememberUntil = new Date(link.expiresAt.getTime() + rememberedBeyondMs);
    return await this.#grants.consumeOnce(link.key, rememberUntil, this.#now())
      ? link.payload
      : undefined;
  }

  async #find(kind: LinkKind, secret: string): Promise<Artifact | undefined> {
    const found = await this.#grants.find(await artifactKey(kind, "id", secret));
    if (!found || found.consumedAt || found.expiresAt <= this.#now()) return undefined;
    return found;
  }
}
