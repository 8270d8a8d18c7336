import type { Mailer, Message } from "../ports.ts";

/** Takes mail in, and gives it to the test that waits for it. */
export class Mailbox implements Mailer {
  readonly #waiting = new Map<string, PromiseWithResolvers<Message>[]>();
  readonly received: Message[] = [];
  /** Thrown at the next attempts to send, in turn. */
  readonly troubles: Error[] = [];

  send(message: Message): Promise<void> {
    const trouble = this.troubles.shift();
    if (trouble) return Promise.reject(trouble);
    const waiting = this.#waiting.get(message.to)?.shift();
    if (waiting) waiting.resolve(message);
    else this.received.push(message);
    return Promise.resolve();
  }

  /** The next mail to that address that nobody has taken. */
  next(to: string): Promise<Message> {
    const at = this.received.findIndex((message) => message.to === to);
    if (at >= 0) return Promise.resolve(this.received.splice(at, 1)[0]!);
    const waiting = Promise.withResolvers<Message>();
    this.#waiting.set(to, [...this.#waiting.get(to) ?? [], waiting]);
    return waiting.promise;
  }
}

/** The link in a mail. @returns its path and query. */
export function linkIn({ text }: Pick<Message, "text">): string {
  const { pathname, search } = new URL(/^https:\/\/\S+token=\S+$/m.exec(text)![0]);
  return pathname + search;
}
