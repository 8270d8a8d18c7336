import { Buffer } from "node:buffer";
import { createPublicKey } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, importSPKI, jwtVerify } from "jose";
import { tokenRefusal } from "./bearer_token.ts";
import type { ConsumerDirectory } from "./consumer_directory.ts";
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
   * Who the consumer is whose key the token names; undefined when it names none of ours.
   *
   * @throws {Problem} `invalid-token` when that key did not make the token, or its time is not now.
   */
  async identify(token: string): Promise<Identity | undefined> {
    const { directory } = this.#options;
    if (!directory.hasJwtSecrets) return undefined;
    const secret = this.#secretOf(token);
    if (!secret) return undefined;
    await this.#verify(token, secret);
    const consumer = directory.consumer(secret.consumer.id);
    if (!consumer) throw tokenRefusal("invalid_token");
    return { consumer, credential: { id: secret.id, identifier: secret.key } };
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

  async #verify(token: string, secret: JwtSecret): Promise<void> {
    const { requiredClaims, expiresSecondsMax: secondsMax } = this.#rules;
    const now = this.#options.now();
    try {
      const { payload } = await jwtVerify(token, await this.#keyOf(secret), {
        // What the token says of its algorithm counts for nothing.
        algorithms: [secret.algorithm],
        requiredClaims: [...requiredClaims],
        currentDate: now,
      });
      const secondsLeft = (payload.exp ?? 0) - now.getTime() / 1000;
      if (secondsMax > 0 && secondsLeft > secondsMax) throw tokenRefusal("invalid_token");
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw tokenRefusal("invalid_token", cause);
      throw cause;
    }
  }

  #keyOf(secret: JwtSecret): Promise<Key> {
    const known = this.#keys.get(secret.id) ?? importKey(secret, this.#rules);
    this.#keys.set(secret.id, known);
    return known;
  }
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
