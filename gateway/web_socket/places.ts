/** Counts what is held by each client, and by all together. */
export class Places {
  #count = 0;
  readonly #byClient = new Map<string, number>();

  /** By all clients together. */
  get count(): number {
    return this.#count;
  }

  countOf(client: string): number {
    return this.#byClient.get(client) ?? 0;
  }

  /** Holds one more until disposed of, which must be done once. */
  hold(client: string): Disposable {
    this.#count += 1;
    this.#byClient.set(client, this.countOf(client) + 1);
    return { [Symbol.dispose]: () => this.#letGo(client) };
  }

  #letGo(client: string): void {
    this.#count -= 1;
    const left = this.countOf(client) - 1;
    // Clients that have gone are not remembered.
    if (left === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, left);
  }
}
