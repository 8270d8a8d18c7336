const encoder = new TextEncoder();

export interface ChildOptions {
  readonly args?: readonly string[];
  /** For the runtime, before the program. */
  readonly flags?: readonly string[];
}

/** A program beside this file, its standard input and output as lines. Its input ends with its disposal, and so must it. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #buffered = "";

  constructor(program: string, { args = [], flags = [] }: ChildOptions = {}) {
    const path = new URL(program, import.meta.url).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", ...flags, path, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async write(text: string): Promise<void> {
    await this.#input.write(encoder.encode(text));
  }

  async endInput(): Promise<void> {
    await this.#input.close();
  }

  /** @throws when the program has ended. */
  async line(): Promise<string> {
    while (!this.#buffered.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("Cannot measure: the program ended early");
      this.#buffered += value;
    }
    const end = this.#buffered.indexOf("\n");
    const line = this.#buffered.slice(0, end);
    this.#buffered = this.#buffered.slice(end + 1);
    return line;
  }

  /** Writes one line, and gives the number that is said to it. */
  async ask(line: string): Promise<number> {
    await this.write(`${line}\n`);
    return Number(await this.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#process.status;
  }
}
