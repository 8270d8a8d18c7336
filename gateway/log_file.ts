import { basename, dirname, normalize } from "node:path";

/** A file that lines are added to. Whoever moves it away has the next lines in a new one with `reopens`. */
export class LogFile implements Disposable {
  readonly #dir: string;
  readonly #path: string;
  readonly #reopens: boolean;
  #file: Deno.FsFile | undefined;

  /**
   * @param dir outside of it nothing is written.
   * @param reopens whether the file is opened anew for each batch of lines.
   */
  constructor(
    path: string,
    { dir, reopens }: { readonly dir: string; readonly reopens: boolean },
  ) {
    this.#path = path;
    this.#dir = dir;
    this.#reopens = reopens;
  }

  async append(lines: readonly string[]): Promise<void> {
    const file = this.#file ??= await this.#open();
    try {
      let rest = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
      while (rest.byteLength > 0) rest = rest.subarray(await file.write(rest));
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
    if (this.#reopens) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** What lies on the way must be where it seems to be: a link could lead out. */
  async #open(): Promise<Deno.FsFile> {
    const folder = await Deno.realPath(dirname(this.#path));
    if (!isBelow(`${folder}/${basename(this.#path)}`, await Deno.realPath(this.#dir))) {
      throw new Deno.errors.PermissionDenied("Cannot write log: it lies outside of its directory");
    }
    const isLink = await Deno.lstat(this.#path).then(({ isSymlink }) => isSymlink, () => false);
    if (isLink) throw new Deno.errors.PermissionDenied("Cannot write log: its file is a link");
    return await Deno.open(this.#path, { append: true, create: true, mode: 0o640 });
  }
}

/** Whether `path` names something in `dir` or deeper, in one way only. Looks at names alone. */
export function isBelow(path: string, dir: string): boolean {
  const base = dir.endsWith("/") ? dir : `${dir}/`;
  return path.startsWith(base) && path.length > base.length && normalize(path) === path &&
    !path.includes("\0") && !path.endsWith("/");
}
