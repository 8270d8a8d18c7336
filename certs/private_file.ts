/** Creates `path` and its parents, readable by this user only. */
export async function makePrivateDir(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  // It may have been there before, with other rights.
  await Deno.chmod(path, 0o700);
}

/** Replaces `path` whole or not at all; readable by this user only. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeTextFile(fresh, text, { mode: 0o600, createNew: true });
    await Deno.rename(fresh, path);
  } catch (thrown) {
    await Deno.remove(fresh).catch(() => {});
    throw thrown;
  }
}

/** The text at `path`, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** The text at `path`; when there is no such file, the text that `make` gives, kept from now on. */
export async function ensurePrivateFile(
  path: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  const text = await make();
  await writePrivateFile(path, text);
  return text;
}
