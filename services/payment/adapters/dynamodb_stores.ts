import { configError } from "platform/config";
import { openServerAgent, type TlsIdentity } from "platform/tls";
import type { Ciphers } from "../ciphers.ts";
import { DynamodbCourses } from "./dynamodb_courses.ts";
import { DynamodbIdempotencyStore } from "./dynamodb_idempotency_store.ts";
import { DynamodbOutbox } from "./dynamodb_outbox.ts";
import { DynamodbPaymentStore } from "./dynamodb_payment_store.ts";
import { DynamodbPaymentWorkStore, DynamodbWebhookInbox } from "./dynamodb_payment_work_store.ts";
import { createTable, shapeFault } from "./dynamodb_schema.ts";
import { DynamodbSealedWork } from "./dynamodb_sealed_work.ts";
import { DynamodbTable } from "./dynamodb_table.ts";
import type { Stores } from "./stores.ts";

/** A new table takes longer than a read. */
const creationCallTimeoutMs = 20_000;

/** Where payment's table is. */
export interface DynamodbConfig {
  /** An https URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly table: string;
  /** PEM of who vouches for the server, or `system` for the runtime's roots. Otherwise it is our own CA. */
  readonly ca?: string | undefined;
  /** How long one call may take. */
  readonly callTimeoutMs?: number | undefined;
}

export interface DynamodbStoresConfig extends DynamodbConfig {
  readonly kind: "dynamodb";
}

/** What stores need of the program. */
export interface StoreSurroundings {
  /** Shown to a server that asks who we are. */
  readonly identity: TlsIdentity;
  readonly ciphers: Ciphers;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** The table, over connections of its own. Does not ask the server for anything yet. */
export function openDynamodbTable(
  { ca, ...options }: DynamodbConfig,
  identity: TlsIdentity,
): { readonly table: DynamodbTable } & AsyncDisposable {
  const connections = openServerAgent({ ca, identity });
  const table = new DynamodbTable({ ...options, agent: connections.agent });
  return {
    table,
    async [Symbol.asyncDispose]() {
      table[Symbol.dispose]();
      await connections[Symbol.asyncDispose]();
    },
  };
}

/** As {@linkcode createTable}, over connections of its own. */
export async function createDynamodbTable(
  config: DynamodbConfig,
  identity: TlsIdentity,
): Promise<readonly string[]> {
  const patient = { ...config, callTimeoutMs: creationCallTimeoutMs };
  await using opened = openDynamodbTable(patient, identity);
  return await createTable(opened.table);
}

/** @throws {ConfigError} when there is no such table, or one of another shape. */
export async function openDynamodbStores(
  config: DynamodbStoresConfig,
  { identity, ciphers, now, newId }: StoreSurroundings,
): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const { table } = opening.use(openDynamodbTable(config, identity));
  await checkTable(table);
  const outbox = new DynamodbOutbox({ table, source: "payment", now, newId });
  const courses = new DynamodbCourses(ciphers.work);
  const options = { table, courses, outbox, now, newId };
  const opened = opening.move();
  return {
    payments: new DynamodbPaymentStore(options),
    work: new DynamodbPaymentWorkStore(options),
    webhooks: new DynamodbWebhookInbox(options),
    idempotency: new DynamodbIdempotencyStore(options),
    outbox,
    sealed: [new DynamodbSealedWork(options)],
    checks: [{ name: "dynamodb", check: () => checkTable(table) }],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** @throws {ConfigError} when there is no such table, or one of another shape. */
async function checkTable(table: DynamodbTable): Promise<void> {
  const there = await table.describe();
  const fault = there ? shapeFault(table.name, there) : `There is no table "${table.name}"`;
  if (fault) throw configError([`PAYMENT_DYNAMODB_TABLE: ${fault}. See "deno task tables"`]);
}
