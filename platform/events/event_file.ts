import { Database } from "platform/store";

/** Another program's event file, which that program makes when it first starts. */
export class EventFile implements Disposable {
  readonly #path: string;
  #db: Database | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined as long as there is none. */
  open(): Database | undefined {
    if (this.#db) return this.#db;
    if (!isThere(this.#path)) return undefined;
    using opened = new DisposableStack();
    const db = opened.use(Database.openReadOnly(this.#path));
    // The file may be there before its table is.
    if (!db.get("select 1 from sqlite_master where name = 'events'")) return undefined;
    opened.move();
    return this.#db = db;
  }

  [Symbol.dispose](): void {
    this.#db?.[Symbol.dispose]();
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
