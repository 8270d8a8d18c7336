import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { z } from "zod";
import { declarationOf, parseDeclarative, type State } from "../entities/mod.ts";
import type { KeptState, StateStore } from "../ports.ts";

/** Private keys and secrets of consumers are among what is kept. */
const mode = 0o600;
/** The file: which configuration file the state was made from, and the state in the declarative format. */
const Kept = z.strictObject({ base_sha256: z.string(), declaration: z.unknown() });

/** Keeps the state in one JSON file. A save is on disk when it resolves. */
export class FileStateStore implements StateStore {
  readonly #path: string;

  /** @param path of the file, whose folder is made when it is needed. */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws when the file is not what was saved. */
  async load(base: string): Promise<State | undefined> {
    const text = await this.#read();
    if (text === undefined) return undefined;
    const { base_sha256: hash, declaration } = Kept.parse(JSON.parse(text));
    if (hash !== hashOf(base)) return undefined;
    return parseDeclarative(JSON.stringify(declaration), this.#path, new Date()).state;
  }

  async save({ state, base }: KeptState): Promise<void> {
    const text = JSON.stringify({ base_sha256: hashOf(base), declaration: declarationOf(state) });
    await Deno.mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const fresh = `${this.#path}.${crypto.randomUUID()}.tmp`;
    try {
      await writeSynced(fresh, new TextEncoder().encode(text));
      await Deno.rename(fresh, this.#path);
      using folder = await Deno.open(dirname(this.#path));
      await folder.sync();
    } catch (thrown) {
      await Deno.remove(fresh).catch(() => {});
      throw thrown;
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(this.#path);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return undefined;
      throw thrown;
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
