import { z } from "zod";
import { artifactKey } from "./artifact_key.ts";
import type { UserId } from "./domain/mod.ts";
import type { GrantStore } from "./ports.ts";
import { newTotpSecret } from "./totp.ts";

/** Time to install an app. */
export const setupMs = 900_000;

const Payload = z.object({ secret: z.string() });

/** Secrets that an app was told, and of which no code has come back yet: one in each session. */
export class TotpSetups {
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor({ grants, now }: { readonly grants: GrantStore; readonly now: () => Date }) {
    this.#grants = grants;
    this.#now = now;
  }

  /** In place of one that was begun before. @returns the secret. */
  async begin(session: string, owner: UserId): Promise<string> {
    const secret = newTotpSecret();
    const expiresAt = new Date(this.#now().getTime() + setupMs);
    await this.#grants.put({ key: await keyOf(session), owner, payload: { secret }, expiresAt });
    return secret;
  }

  /** @returns the secret, or undefined when there is none any more. */
  async find(session: string): Promise<string | undefined> {
    const artifact = await this.#grants.find(await keyOf(session));
    if (!artifact || artifact.expiresAt <= this.#now()) return undefined;
    return Payload.parse(artifact.payload).secret;
  }

  async end(session: string): Promise<void> {
    await this.#grants.destroy(await keyOf(session));
  }
}

function keyOf(session: string): Promise<string> {
  return artifactKey("TotpSetup", "session", session);
}
