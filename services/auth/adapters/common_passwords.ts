import type { PasswordList } from "../ports.ts";

/** The shortest that could be part of a password of ours: shorter ones would only take room. */
const lengthMin = 8;

/**
 * The passwords that leaks show most often, from the package `@zxcvbn-ts/language-common`. Loaded when they
 * are first asked for; 18,000 of them.
 */
export class CommonPasswords implements PasswordList {
  #loading: Promise<ReadonlySet<string>> | undefined;

  async has(password: string): Promise<boolean> {
    return (await (this.#loading ??= load())).has(password);
  }
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  const words = dictionary["passwords-common"];
  return new Set(words.filter((word) => word.length >= lengthMin));
}
