import { z } from "zod";
import { artifactKey } from "./artifact_key.ts";
import type { UserId } from "./domain/mod.ts";
import type { GrantStore } from "./ports.ts";
import { newTotpSecret } from "./totp.ts";

/** Time to install an app. */
export const setupMs = 900_000;

const Payload = z.object({ secret: z.string() });

/** Who sets up, and where: another may sign in to the same session. */
export interface SetupPlace {
  readonly session: string;
  readonly owner: UserId;
}

/** Secrets that an app was told, and of which no code has come back yet: one in each session. */
export class TotpSetups {
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor({ grants, now }: { readonly grants: GrantStore; readonly now: () => Date }) {
    this.#grants = grants;
    this.#now = now;
  }

  /** In place of one that was begun before. @returns the secret. */
  async begin({ session, owner }: SetupPlace): Promise<string> {
    const secret = newTotpSecret();
    const expiresAt = new Date(this.#now().getTime() + setupMs);
    const key = await keyOf({ session, owner });
    await this.#grants.put({ key, owner, payload: { secret }, expiresAt });
    return secret;
  }

  /** @returns the secret, or undefined when there is none any more. */
  async find(place: SetupPlace): Promise<string | undefined> {
    const artifact = await this.#grants.find(await keyOf(place));
    if (!artifact || artifact.expiresAt <= this.#now()) return undefined;
    return Payload.parse(artifact.payload).secret;
  }

  async end(place: SetupPlace): Promise<void> {
    await this.#grants.destroy(await keyOf(place));
  }
}

function keyOf({ session, owner }: SetupPlace): Promise<string> {
  return artifactKey("TotpSetup", "session", `${session} ${owner}`);
}
