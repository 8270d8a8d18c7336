import { artifactKey } from "./artifact_key.ts";
import type { GrantStore } from "./ports.ts";

/** Access tokens that were revoked before their time, remembered until that is over. */
export class RevokedTokens {
  readonly #grants: GrantStore;

  constructor(grants: GrantStore) {
    this.#grants = grants;
  }

  /** @param expSeconds until when the token would have been good, in seconds since 1970. */
  async revoke(jti: string, expSeconds: number): Promise<void> {
    await this.#grants.put({
      key: await keyOf(jti),
      payload: {},
      expiresAt: new Date((expSeconds + 1) * 1000),
    });
  }

  async has(jti: string): Promise<boolean> {
    return await this.#grants.find(await keyOf(jti)) !== undefined;
  }
}

function keyOf(jti: string): Promise<string> {
  return artifactKey("RevokedAccessToken", "id", jti);
}
