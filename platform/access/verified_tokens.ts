/** What is remembered of a token, and until when: seconds since 1970. */
export interface Remembered {
  readonly rememberedUntilSeconds: number;
}

/** As long as our own tokens live: one that claims to live longer must show again that its key is still there. */
export const rememberedSecondsMax = 300;
export const defaultVerifiedTokensMax = 10_000;
/** Of all tokens together, which are up to 8 KiB long: 16 MB. */
const verifiedCharactersMax = 16_000_000;

export interface VerifiedTokensLimits {
  /** How many tokens are remembered. 0 remembers none. */
  readonly tokensMax?: number;
  readonly charactersMax?: number;
}

/**
 * Tokens whose signature was found good, by their own text. The oldest go first: when there are too many, or
 * when their time is over. Nobody gets in without a good signature, so nobody else can push them out.
 */
export class VerifiedTokens<Value extends Remembered> {
  readonly #tokensMax: number;
  readonly #charactersMax: number;
  readonly #values = new Map<string, Value>();
  #characters = 0;

  constructor(
    { tokensMax = defaultVerifiedTokensMax, charactersMax = verifiedCharactersMax }:
      VerifiedTokensLimits = {},
  ) {
    this.#tokensMax = tokensMax;
    this.#charactersMax = charactersMax;
  }

  get size(): number {
    return this.#values.size;
  }

  find(token: string, nowSeconds: number): Value | undefined {
    const value = this.#values.get(token);
    if (!value || nowSeconds < value.rememberedUntilSeconds) return value;
    this.#forget(token);
    return undefined;
  }

  remember(token: string, value: Value, nowSeconds: number): void {
    if (this.#tokensMax === 0 || token.length > this.#charactersMax) return;
    this.#forget(token);
    this.#makeRoom(token.length, nowSeconds);
    this.#values.set(token, value);
    this.#characters += token.length;
  }

  clear(): void {
    this.#values.clear();
    this.#characters = 0;
  }

  #makeRoom(characters: number, nowSeconds: number): void {
    for (const [token, { rememberedUntilSeconds }] of this.#values) {
      const isFull = this.#values.size >= this.#tokensMax ||
        this.#characters + characters > this.#charactersMax;
      if (!isFull && nowSeconds < rememberedUntilSeconds) return;
      this.#forget(token);
    }
  }

  #forget(token: string): void {
    if (this.#values.delete(token)) this.#characters -= token.length;
  }
}
