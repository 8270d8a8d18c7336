import { Buffer } from "node:buffer";
import { createPublicKey } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, importSPKI, jwtVerify } from "jose";
import { rememberedSecondsMax } from "platform/access";
import { tokenRefusal } from "./bearer_token.ts";
import type { ConsumerDirectory, VerifiedConsumerToken } from "./consumer_directory.ts";
import type { JwtSecret } from "./entities/state.ts";
import type { Identity } from "./identify.ts";

/** How consumers' own tokens are read. */
export interface ConsumerTokenRules {
  /** Names the consumer's key: a claim, or else a header. */
  readonly keyClaim: string;
  readonly isSecretBase64: boolean;
  /** What a token must have. What it has is checked in any case. */
  readonly requiredClaims: readonly ("exp" | "nbf")[];
  /** How far ahead `exp` may lie; 0: however far. */
  readonly expiresSecondsMax: number;
}

export interface ConsumerTokensOptions {
  readonly directory: ConsumerDirectory;
  /** The platform's own: a token that bears its name is no consumer's, whatever else it names. */
  readonly issuer: string | undefined;
  readonly now: () => Date;
}

type Key = CryptoKey | Uint8Array;

/** Tokens that consumers made with keys of their own. */
export class ConsumerTokens {
  readonly #rules: ConsumerTokenRules;
  readonly #options: ConsumerTokensOptions;
  /** By the id of the credential. Imported once, at the first token. */
  readonly #keys = new Map<string, Promise<Key>>();

  constructor(rules: ConsumerTokenRules, options: ConsumerTokensOptions) {
    this.#rules = rules;
    this.#options = options;
  }

  /**
   * Who the consumer is whose key the token names; undefined when it names none of ours. A token seen before is
   * not verified again for five minutes, but its time is looked at.
   *
   * @throws {Problem} `invalid-token` when that key did not make the token, or its time is not now.
   */
  async identify(token: string): Promise<Identity | undefined> {
    const { directory, now } = this.#options;
    if (!directory.hasJwtSecrets) return undefined;
    const at = now();
    const remembered = directory.verifiedTokens.find(this.#memoryKeyOf(token), secondsOf(at));
    const verified = remembered ?? await this.#verify(token, at);
    if (!verified) return undefined;
    this.#checkTimes(verified, secondsOf(at));
    const { secret } = verified;
    const consumer = directory.consumer(secret.consumer.id);
    if (!consumer) throw tokenRefusal("invalid_token");
    return { consumer, credential: { id: secret.id, identifier: secret.key } };
  }

  /** Which key made a token depends on how it is named, and on how secrets are written. No token has a space. */
  #memoryKeyOf(token: string): string {
    const { keyClaim, isSecretBase64 } = this.#rules;
    return `${keyClaim} ${isSecretBase64} ${token}`;
  }

  /** Believes the token in nothing but which key it must be verified with. */
  #secretOf(token: string): JwtSecret | undefined {
    const { keyClaim: name } = this.#rules;
    try {
      const claims = decodeJwt(token);
      if (claims.iss !== undefined && claims.iss === this.#options.issuer) return undefined;
      const named = claims[name] ??
        (decodeProtectedHeader(token) as Record<string, unknown>)[name];
      return typeof named === "string" ? this.#options.directory.jwtSecret(named) : undefined;
    } catch {
      return undefined;
    }
  }

  async #verify(token: string, at: Date): Promise<VerifiedConsumerToken | undefined> {
    const secret = this.#secretOf(token);
    if (!secret) return undefined;
    try {
      const { payload } = await jwtVerify(token, await this.#keyOf(secret), {
        // What the token says of its algorithm counts for nothing.
        algorithms: [secret.algorithm],
        currentDate: at,
      });
      const verified = {
        secret,
        expiresSeconds: payload.exp,
        notBeforeSeconds: payload.nbf,
        rememberedUntilSeconds: secondsOf(at) + rememberedSecondsMax,
      };
      const { verifiedTokens } = this.#options.directory;
      verifiedTokens.remember(this.#memoryKeyOf(token), verified, secondsOf(at));
      return verified;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw tokenRefusal("invalid_token", cause);
      throw cause;
    }
  }

  /** As the rules of this use have it, which may be stricter than those of another that remembered the token. */
  #checkTimes(
    { expiresSeconds, notBeforeSeconds }: VerifiedConsumerToken,
    nowSeconds: number,
  ): void {
    const { requiredClaims, expiresSecondsMax: secondsMax } = this.#rules;
    const claims = { exp: expiresSeconds, nbf: notBeforeSeconds };
    const isInTime = (expiresSeconds ?? Infinity) > Math.floor(nowSeconds) &&
      (notBeforeSeconds ?? 0) <= Math.floor(nowSeconds);
    const isTooLong = secondsMax > 0 && (expiresSeconds ?? 0) - nowSeconds > secondsMax;
    const lacksClaim = requiredClaims.some((name) => claims[name] === undefined);
    if (!isInTime || isTooLong || lacksClaim) throw tokenRefusal("invalid_token");
  }

  #keyOf(secret: JwtSecret): Promise<Key> {
    const known = this.#keys.get(secret.id) ?? importKey(secret, this.#rules);
    this.#keys.set(secret.id, known);
    return known;
  }
}

function secondsOf(date: Date): number {
  return date.getTime() / 1000;
}

// Async also where nothing is waited for: what is wrong with a key is told to who waits for it.
async function importKey(
  { algorithm, secret, rsa_public_key: publicKey }: JwtSecret,
  { isSecretBase64: isBase64 }: ConsumerTokenRules,
): Promise<Key> {
  if (algorithm.startsWith("HS")) return Buffer.from(secret ?? "", isBase64 ? "base64" : "utf8");
  // Reads PKCS #1 as well, which `importSPKI` does not.
  const spki = createPublicKey(publicKey ?? "").export({ type: "spki", format: "pem" });
  return await importSPKI(String(spki), algorithm);
}
