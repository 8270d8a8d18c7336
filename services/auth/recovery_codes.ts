import type { BlindIndex } from "platform/crypto";
import { recoveryCodesCount, type UserId } from "./domain/mod.ts";

/** Crockford's base32: no two of them look alike. 5 bits each. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const groupLength = 4;
/** 80 bits: nobody guesses them, so that a fast hash keeps them. */
const codeLength = 16;

/** The codes by which somebody gets in who has lost their other factors. */
export class RecoveryCodes {
  readonly #index: BlindIndex;

  /** @param index keys the hashes: a copy of the database alone is no way to test guesses. */
  constructor(index: BlindIndex) {
    this.#index = index;
  }

  /** A new set, as it is shown once, and the hashes that are kept. */
  make(owner: UserId): { readonly codes: readonly string[]; readonly hashes: readonly string[] } {
    const codes = Array.from({ length: recoveryCodesCount }, newCode);
    return { codes, hashes: codes.map((code) => this.hashOf(owner, code)) };
  }

  /** @param typed in any case, with or without hyphens and spaces. */
  hashOf(owner: UserId, typed: string): string {
    return this.#index.of(`${owner} ${normalCode(typed)}`);
  }
}

function newCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(codeLength));
  const letters = [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
  return letters.match(new RegExp(`.{${groupLength}}`, "g"))!.join("-");
}

/** What is written for a digit is read as it. */
function normalCode(typed: string): string {
  return typed.toLowerCase().replaceAll(/[\s-]/g, "").replaceAll("o", "0").replaceAll(/[il]/g, "1");
}
