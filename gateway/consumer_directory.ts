import { createHash } from "node:crypto";
import { type Remembered, VerifiedTokens } from "platform/access";
import type { Consumer, JwtSecret, KeyAuthCredential, State } from "./entities/state.ts";

const nobody: ReadonlySet<string> = new Set();

/** A token that a consumer's key has made, and when it counts: seconds since 1970. */
export interface VerifiedConsumerToken extends Remembered {
  readonly secret: JwtSecret;
  readonly expiresSeconds: number | undefined;
  readonly notBeforeSeconds: number | undefined;
}

/** Whom the configuration knows, by what callers show. Made once for each configuration. */
export class ConsumerDirectory {
  /**
   * Tokens that were found good, for all routes together. They go with the configuration: a credential that is
   * changed or taken away takes its tokens with it.
   */
  readonly verifiedTokens: VerifiedTokens<VerifiedConsumerToken> = new VerifiedTokens();
  readonly #state: State;
  readonly #byName = new Map<string, Consumer>();
  readonly #byCustomId = new Map<string, Consumer>();
  readonly #jwtSecrets = new Map<string, JwtSecret>();
  /** By hash: how long a look-up takes tells nothing of a key that is nearly right. */
  readonly #apiKeys = new Map<string, KeyAuthCredential>();
  readonly #groups = new Map<string, Set<string>>();

  constructor(state: State) {
    this.#state = state;
    for (const consumer of state.consumers.values()) {
      if (consumer.username !== null) this.#byName.set(consumer.username, consumer);
      if (consumer.custom_id !== null) this.#byCustomId.set(consumer.custom_id, consumer);
    }
    for (const secret of state.jwt_secrets.values()) this.#jwtSecrets.set(secret.key, secret);
    for (const credential of state.keyauth_credentials.values()) {
      this.#apiKeys.set(hashOf(credential.key), credential);
    }
    for (const { consumer, group } of state.acls.values()) {
      const groups = this.#groups.get(consumer.id) ?? new Set();
      this.#groups.set(consumer.id, groups.add(group));
    }
  }

  get hasJwtSecrets(): boolean {
    return this.#jwtSecrets.size > 0;
  }

  consumer(id: string): Consumer | undefined {
    return this.#state.consumers.get(id);
  }

  /** By id or by username, as configurations name consumers. */
  named(idOrUsername: string): Consumer | undefined {
    return this.consumer(idOrUsername) ?? this.#byName.get(idOrUsername);
  }

  byUsername(username: string): Consumer | undefined {
    return this.#byName.get(username);
  }

  byCustomId(customId: string): Consumer | undefined {
    return this.#byCustomId.get(customId);
  }

  jwtSecret(key: string): JwtSecret | undefined {
    return this.#jwtSecrets.get(key);
  }

  /** Undefined also when its time, counted from when it was made, is over. */
  apiKey(key: string, now: Date): KeyAuthCredential | undefined {
    const credential = this.#apiKeys.get(hashOf(key));
    if (!credential) return undefined;
    const { ttl, created_at: madeSeconds } = credential;
    const isOver = ttl !== null && ttl > 0 && now.getTime() / 1000 >= madeSeconds + ttl;
    return isOver ? undefined : credential;
  }

  /** Those that the consumer is in. */
  groupsOf({ id }: Pick<Consumer, "id">): ReadonlySet<string> {
    return this.#groups.get(id) ?? nobody;
  }
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
