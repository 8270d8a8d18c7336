import { KeyRingFile, parseKeyRingFile } from "platform/crypto";

/** @throws {KeyRingError} when there is no ring in the file. */
export async function readRing(path: string): Promise<KeyRingFile> {
  return parseKeyRingFile(await Deno.readTextFile(path));
}

/**
 * Replaces the ring whole or not at all, and on disk before anybody can see it: what a program seals under
 * a key that a power cut takes back is lost.
 */
export async function writeRing(path: string, ring: KeyRingFile): Promise<void> {
  await writeDurably(path, JSON.stringify(KeyRingFile.parse(ring)));
}

/** Replaces a file of this user's whole or not at all, on disk when it returns. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    {
      using file = await Deno.open(fresh, { write: true, createNew: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await Deno.rename(fresh, path);
    using folder = await Deno.open(path.slice(0, path.lastIndexOf("/")));
    await folder.sync();
  } catch (thrown) {
    await Deno.remove(fresh).catch(() => {});
    throw thrown;
  }
}
