import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";

export type Row = Readonly<Record<string, SQLOutputValue>>;
export type Values = Readonly<Record<string, SQLInputValue>>;

/** Statements, or a change that SQL alone cannot make. */
export type Migration = string | ((db: Database) => void);

const statementsMax = 200;
/** Free pages overwritten by one value: SQLite takes none of a gigabyte. */
const zeroPagesMax = 10_000;

/**
 * One SQLite file. Committed means on disk: it survives `kill -9` and a power cut.
 * Calls are synchronous, so a transaction is a plain function; nothing else runs meanwhile.
 */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens the file, or creates it for its owner only, and brings its schema up to date.
   *
   * @param path of the file, or `:memory:`.
   * @param migrations by version, first is 1. A released one is never edited: a change is a new one.
   */
  static open(path: string, migrations: readonly Migration[]): Database {
    if (path !== ":memory:") makePrivate(path);
    const db = new DatabaseSync(path);
    db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
    // What is replaced is overwritten: a record sealed anew must not stay behind as it was.
    db.exec("pragma busy_timeout = 2000; pragma secure_delete = on");
    const database = new Database(db);
    database.#migrate(migrations);
    return database;
  }

  /** Opens another program's file for reading. @throws when it does not exist yet. */
  static openReadOnly(path: string): Database {
    const db = new DatabaseSync(path, { readOnly: true });
    db.exec("pragma busy_timeout = 2000");
    return new Database(db);
  }

  /** The first row, or undefined. */
  get(sql: string, values: Values = {}): Row | undefined {
    return this.#prepare(sql).get(values);
  }

  all(sql: string, values: Values = {}): Row[] {
    return this.#prepare(sql).all(values);
  }

  /** Runs a statement that changes rows. @returns how many. */
  run(sql: string, values: Values = {}): number {
    return Number(this.#prepare(sql).run(values).changes);
  }

  /** Runs statements that take no values. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** All of `work` or nothing: when it throws, nothing is written. Inside another transaction, part of it. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec("begin immediate");
    this.#depth++;
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (thrown) {
      // SQLite ends a transaction itself on some errors, as on a full disk: the first error is the one to tell.
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw thrown;
    } finally {
      this.#depth--;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= statementsMax) this.#statements.clear();
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(migrations: readonly Migration[]): void {
    this.transaction(() => {
      const applied = Number(this.get("pragma user_version")?.["user_version"] ?? 0);
      if (applied > migrations.length) {
        throw new Error(`Cannot open database: its schema ${applied} is newer than this program`);
      }
      for (const migration of migrations.slice(applied)) {
        if (typeof migration === "string") this.#db.exec(migration);
        else migration(this);
      }
      // What a migration has sealed must not stay readable in what was freed before, nor in the log.
      if (applied > 0 && applied < migrations.length) this.#overwriteFreePages();
      this.#db.exec(`pragma user_version = ${migrations.length}`);
    });
    this.#db.exec("pragma wal_checkpoint(truncate)");
  }

  /** Fills every free page with zeros and frees it again. `vacuum` would do, but attaches a file, which Deno forbids. */
  #overwriteFreePages(): void {
    const pages = Number(this.get("pragma freelist_count")?.["freelist_count"]);
    const pageBytes = Number(this.get("pragma page_size")?.["page_size"]);
    this.#db.exec("create table zeros (bytes blob)");
    for (let left = pages; left > 0; left -= zeroPagesMax) {
      const bytes = Math.min(left, zeroPagesMax) * pageBytes;
      this.run("insert into zeros (bytes) values (zeroblob(:bytes))", { bytes });
    }
    this.#db.exec("drop table zeros");
  }
}

/** SQLite gives its side files the mode of the database, and the database the mode that it has already. */
function makePrivate(path: string): void {
  Deno.openSync(path, { create: true, append: true, mode: 0o600 }).close();
}

/** Whether `thrown` says that a unique or primary key was there already. */
export function isUniqueViolation(thrown: unknown): boolean {
  return thrown instanceof Error && "errcode" in thrown &&
    // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE
    (thrown.errcode === 1555 || thrown.errcode === 2067);
}
