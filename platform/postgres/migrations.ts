import type { Postgres } from "./postgres.ts";
import type { Sql } from "./postgres_connection.ts";

/** One step of a database's schema. A released one is never edited: a change is a new one. */
export interface Migration {
  /** `0001_orders`: numbered from 1, without a gap. */
  readonly name: string;
  readonly sql: string;
}

/** The database's schema is not the one that this program knows. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

const migrationMsMax = 600_000;
/** Any number that no other lock of the database has. */
const advisoryLock = 5_417_093;

/**
 * Brings the schema up to date: all that is missing, or nothing. Two that migrate at once follow one another.
 *
 * @returns the names of what was applied now.
 * @throws {SchemaError} when what was applied before is not what `migrations` says.
 */
export async function migrate(
  db: Postgres,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  checkNumbers(migrations);
  return await db.transaction(async (sql) => {
    await sql`set local statement_timeout = 0`;
    await sql`select pg_advisory_xact_lock(${advisoryLock})`;
    await sql`
      create table if not exists schema_migrations (
        name text primary key,
        sha256 text not null,
        applied_at timestamptz not null default now()
      )`;
    const missing = await missingOf(sql, migrations);
    for (const migration of missing) {
      await sql.unsafe(migration.sql);
      const { name } = migration;
      await sql`
        insert into schema_migrations (name, sha256) values (${name}, ${await digestOf(
        migration,
      )})`;
    }
    return missing.map(({ name }) => name);
  }, { deadlineMs: migrationMsMax });
}

/** @throws {SchemaError} unless the schema is exactly what `migrations` make. Changes nothing. */
export async function checkSchema(db: Postgres, migrations: readonly Migration[]): Promise<void> {
  const missing = await db.transaction(async (sql) => {
    const [table] = await sql`select to_regclass('schema_migrations') is not null as is_there`;
    return table?.["is_there"] ? await missingOf(sql, migrations) : migrations;
  });
  const [first] = missing;
  if (!first) return;
  throw new SchemaError(`The database lacks "${first.name}": run \`deno task migrate\``);
}

async function missingOf(
  sql: Sql,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const applied = await sql`select name, sha256 from schema_migrations order by name`;
  for (const [index, row] of applied.entries()) {
    const known = migrations[index];
    const name = String(row["name"]);
    if (known?.name !== name) {
      throw new SchemaError(`The database has "${name}", which this program does not know`);
    }
    if (row["sha256"] !== await digestOf(known)) {
      throw new SchemaError(`"${name}" was changed after it had been applied`);
    }
  }
  return migrations.slice(applied.length);
}

function checkNumbers(migrations: readonly Migration[]): void {
  for (const [index, { name }] of migrations.entries()) {
    if (/^\d{4}_[a-z0-9_]+$/.test(name) && Number(name.slice(0, 4)) === index + 1) continue;
    throw new SchemaError(`"${name}" is not number ${index + 1}`);
  }
}

async function digestOf({ sql }: Migration): Promise<string> {
  const bytes = new TextEncoder().encode(sql);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
