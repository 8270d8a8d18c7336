import type { Discovery } from "../ports.ts";

/** Programs at addresses that were known at start and never change. */
export class StaticDiscovery implements Discovery {
  readonly #addresses: ReadonlyMap<string, URL>;

  /** @param addresses base URL by program. */
  constructor(addresses: Readonly<Record<string, string>>) {
    this.#addresses = new Map(
      Object.entries(addresses).map(([program, url]) => [program, new URL(url)]),
    );
  }

  locate(program: string): URL | undefined {
    return this.#addresses.get(program);
  }
}
