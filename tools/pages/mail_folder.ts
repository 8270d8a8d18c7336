import { pause } from "platform/lifecycle";

const waitMsMax = 15_000;
const lookEveryMs = 25;

/** The mail that a development platform puts into a folder instead of sending it. */
export class MailFolder {
  readonly #path: string;
  readonly #taken = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** The next mail to the address that was not given before. @throws when none comes within 15 s. */
  async next(to: string): Promise<string> {
    const timeUp = AbortSignal.timeout(waitMsMax);
    while (!timeUp.aborted) {
      for await (const { name } of Deno.readDir(this.#path)) {
        if (!name.endsWith(".eml") || this.#taken.has(name)) continue;
        const text = await Deno.readTextFile(`${this.#path}/${name}`);
        if (!text.includes(`\nTo: ${to}\r\n`)) continue;
        this.#taken.add(name);
        return text;
      }
      await pause(lookEveryMs, timeUp);
    }
    throw new Error(`Cannot read mail: none came to ${to}`);
  }

  /** The link in the next mail to the address. */
  async nextLink(to: string): Promise<string> {
    const text = await this.next(to);
    const link = /^https:\/\/\S+token=\S+(?=\r$)/m.exec(text)?.[0];
    if (link === undefined) throw new Error(`Cannot follow a link: the mail to ${to} has none`);
    return link;
  }
}
