import { Listeners } from "./listeners.ts";

/** The CAs whose client certificates a server takes. They may change while it runs: it follows at once. */
export class ClientAuthorities {
  readonly #listeners = new Listeners<void>();
  #ca: string;

  /** @param pems PEM texts of CA certificates. */
  constructor(pems: readonly string[] = []) {
    this.#ca = bundleOf(pems);
  }

  /** PEM texts, one after the other; empty when nobody's certificates are taken. */
  get ca(): string {
    return this.#ca;
  }

  /** Takes certificates of these CAs from now on, and of no others. */
  take(pems: readonly string[]): void {
    const ca = bundleOf(pems);
    if (ca === this.#ca) return;
    this.#ca = ca;
    const [thrown] = this.#listeners.tell();
    if (thrown !== undefined) throw thrown;
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }
}

function bundleOf(pems: readonly string[]): string {
  return [...new Set(pems.map((pem) => `${pem.trim()}\n`))].toSorted().join("");
}
