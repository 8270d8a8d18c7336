import type { Mailer, Message } from "../ports.ts";

/** Puts mail into a folder, made where there is none, one `.eml` file each, readable by its owner alone: for development. */
export class FolderMailer implements Mailer {
  readonly #path: string;
  readonly #from: string;

  constructor({ path, from }: { readonly path: string; readonly from: string }) {
    this.#path = path;
    this.#from = from;
  }

  async send(message: Message): Promise<void> {
    await Deno.mkdir(this.#path, { recursive: true, mode: 0o700 });
    const unfinished = `${this.#path}/.${message.id}`;
    await Deno.writeTextFile(unfinished, this.#textOf(message), { mode: 0o600 });
    // Whoever reads the folder sees whole messages only.
    await Deno.rename(unfinished, `${this.#path}/${message.id}.eml`);
  }

  /** @see {@link https://www.rfc-editor.org/rfc/rfc5322 | RFC 5322} */
  #textOf({ id, to, subject, text }: Message): string {
    const head = [
      ["From", this.#from],
      ["To", to],
      ["Subject", subject],
      ["Message-ID", `<${id}@sallyport>`],
      ["MIME-Version", "1.0"],
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Transfer-Encoding", "8bit"],
    ];
    const lines = head.map(([name, value]) => `${name}: ${value!.replaceAll(/[\r\n]+/g, " ")}`);
    return `${lines.join("\r\n")}\r\n\r\n${text.replaceAll(/\r?\n/g, "\r\n")}`;
  }
}
