import type { InstanceName } from "./programs.ts";

/** Lines that are no log lines, such as a crash's stack: shown when the program has ended by it. */
const lastWordsMax = 20;

export type LineListener = (program: InstanceName, line: string) => void;

/** What the programs print: kept in a file each, and watched for what somebody should see at once. */
export class ProgramLogs implements Disposable {
  /** Resident memory of each program when it said that it was ready, in bytes. */
  readonly memoryBytes = new Map<InstanceName, number>();
  readonly #dir: string;
  readonly #files = new Map<InstanceName, Deno.FsFile>();
  readonly #lastWords = new Map<InstanceName, readonly string[]>();
  readonly #listeners = new Set<LineListener>();
  readonly #report: (message: string) => void;

  /** @param dir of the files: `<program>.log`, added to. */
  constructor(dir: string, report: (message: string) => void) {
    this.#dir = dir;
    this.#report = report;
  }

  take(name: InstanceName, line: string): void {
    this.#fileOf(name).writeSync(new TextEncoder().encode(`${line}\n`));
    const entry = parseLine(line);
    if (entry["message"] === "Program ready") {
      this.memoryBytes.set(name, Number(entry["process.memory.rss"]));
    }
    if (entry["log.level"] === "error") this.#report(`${name}: ${line}`);
    if (entry["message"] === undefined) this.#remember(name, line);
    for (const listener of this.#listeners) listener(name, line);
  }

  /** Reports what a program said outside of its log before it ended. */
  reportLastWords(name: InstanceName): void {
    for (const line of this.#lastWords.get(name) ?? []) this.#report(`${name}: ${line}`);
    this.#lastWords.delete(name);
  }

  /** Calls `listener` with each line that any program prints from now on. */
  listen(listener: LineListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file.close();
  }

  #fileOf(name: InstanceName): Deno.FsFile {
    const file = this.#files.get(name) ?? openLog(`${this.#dir}/${name}.log`);
    this.#files.set(name, file);
    return file;
  }

  #remember(name: InstanceName, line: string): void {
    const words = [...this.#lastWords.get(name) ?? [], line];
    this.#lastWords.set(name, words.slice(-lastWordsMax));
  }
}

function openLog(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

/** A log line's fields; none of a line that is not a log line. */
function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
