import { libcryptoPaths } from "platform/signatures";

/** `RLIMIT_NOFILE`, on Linux. */
const numberOfFiles = 7;
/** The C library's, which every library on it can be asked for: so this needs no right beyond those for signatures. */
const symbols = { getrlimit: { parameters: ["i32", "buffer"], result: "i32" } } as const;

/**
 * How many files, connections among them, this process may have open at one time; undefined where that cannot be
 * learnt: on another system, or without the right to load one of `paths`. Never asks for a right.
 *
 * The runtime raises the limit to the hard one when it starts: this is that one.
 *
 * @see {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html | getrlimit(2)}
 */
export function openFilesMax(paths: readonly string[] = libcryptoPaths): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  for (const path of paths) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
    try {
      using library = opened(path);
      const limits = new BigUint64Array(2);
      const isTold = library.symbols.getrlimit(numberOfFiles, new Uint8Array(limits.buffer)) === 0;
      if (isTold) return Number(limits[0]);
    } catch {
      // Not there, or for another processor.
    }
  }
  return undefined;
}

function opened(path: string) {
  const library = Deno.dlopen(path, symbols);
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}
