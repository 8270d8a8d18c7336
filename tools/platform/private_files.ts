/** Makes a folder that only its owner may enter. */
export async function ensurePrivateDir(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
}

/** Writes a file that only its owner may read; who looks sees the old content or the new, never a part. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}.tmp`;
  await Deno.writeTextFile(draft, text, { mode: 0o600, createNew: true });
  await Deno.rename(draft, path);
}

/** The file's text; when there is none yet, the text that `make` gives, kept from now on. */
export async function ensurePrivateFile(
  path: string,
  make: () => string | Promise<string>,
): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  const text = await make();
  await writePrivateFile(path, text);
  return text;
}

/** A text that nobody guesses: `byteCount` random bytes in base64url. */
export function randomText(byteCount: number): string {
  return crypto.getRandomValues(new Uint8Array(byteCount))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
