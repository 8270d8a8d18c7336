/** Who wants to hear of an event, in order of subscription. One that throws does not silence the others. */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  add(listener: (event: Event) => void): Disposable {
    // Wrapped, so that the same function subscribed twice is heard twice and dropped once.
    const own = (event: Event) => listener(event);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** @returns what listeners threw. */
  tell(event: Event): readonly unknown[] {
    const thrown: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        thrown.push(error);
      }
    }
    return thrown;
  }
}
