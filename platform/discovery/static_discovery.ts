import type { Discovery, Instances } from "./discovery.ts";

/** Programs at addresses that were known at start and never change: nobody has to be told of us. */
export class StaticDiscovery implements Discovery {
  readonly #instances: ReadonlyMap<string, Instances>;

  /** @param addresses base URL by program. */
  constructor(addresses: Readonly<Record<string, string>>) {
    this.#instances = new Map(
      Object.entries(addresses).map(([program, url]) => [
        program,
        { origins: [new URL(url).origin] },
      ]),
    );
  }

  watch(program: string): Instances | undefined {
    return this.#instances.get(program);
  }

  register(): AsyncDisposable {
    return { async [Symbol.asyncDispose]() {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
