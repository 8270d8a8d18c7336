import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type GlobalSecondaryIndex,
  ResourceInUseException,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { configError } from "platform/config";
import type { DynamodbTable } from "./dynamodb_table.ts";

/** Payments by age, in shards; what a list shows of them. */
export const byAge = "by-age";
/** Payments of one customer, by age. */
export const byCustomer = "by-customer";
/** Payments with something left to do, in shards, by when it is due, and until when they are held. */
export const byDue = "by-due";
/** Payments whose work hides something, in shards, by the key that has sealed it. */
export const byKey = "by-key";
/** Epoch seconds after which an item counts as gone. DynamoDB takes it away later. */
export const expiry = "expiresAt";

const creationTimeoutSeconds = 300;

function index(
  IndexName: string,
  hash: string,
  range: string,
  NonKeyAttributes: string[] = [],
): GlobalSecondaryIndex {
  return {
    IndexName,
    KeySchema: [
      { AttributeName: hash, KeyType: "HASH" },
      { AttributeName: range, KeyType: "RANGE" },
    ],
    Projection: NonKeyAttributes.length > 0
      ? { ProjectionType: "INCLUDE", NonKeyAttributes }
      : { ProjectionType: "KEYS_ONLY" },
  };
}

/** The one table of payment. Only what is an index's key is declared; the adapters say what else there is. */
export function tableDefinition(TableName: string): CreateTableCommandInput {
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    DeletionProtectionEnabled: true,
    AttributeDefinitions: [
      "pk",
      "sk",
      "listShard",
      "ageKey",
      "customerId",
      "workShard",
      "dueAt",
      "keyShard",
      "keyId",
    ].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: [
      index(byAge, "listShard", "ageKey", ["payment"]),
      index(byCustomer, "customerId", "ageKey", ["payment"]),
      index(byDue, "workShard", "dueAt", ["leasedUntilMs"]),
      index(byKey, "keyShard", "keyId"),
    ],
  };
}

/**
 * The table is there, with its indexes, takes away what has expired, and keeps backups where the server
 * can. @returns what was done, one sentence each.
 *
 * @throws {ConfigError} when there is a table of that name and another shape.
 */
export async function createTable(table: DynamodbTable): Promise<readonly string[]> {
  const { client, name: TableName } = table;
  const before = await table.describe();
  if (!before) {
    await client.send(new CreateTableCommand(tableDefinition(TableName))).catch(ifNotThere);
  }
  const waiting = { client, maxWaitTime: creationTimeoutSeconds, minDelay: 1 };
  await waitUntilTableExists(waiting, { TableName });
  const there = await table.describe();
  const fault = there ? shapeFault(TableName, there) : `"${TableName}" is gone again`;
  if (fault) throw configError([`PAYMENT_DYNAMODB_TABLE: ${fault}`]);
  return [
    `Table "${TableName}" ${before ? "is there" : "was created"}`,
    await expire(table),
    await backUp(table),
  ];
}

/** Somebody else creates it, or we ourselves by a try whose answer was lost. */
function ifNotThere(thrown: unknown): void {
  if (!(thrown instanceof ResourceInUseException)) throw thrown;
}

async function expire(table: DynamodbTable): Promise<string> {
  const { client, name: TableName } = table;
  if (await expiryOf(table) === undefined) {
    const TimeToLiveSpecification = { Enabled: true, AttributeName: expiry };
    try {
      await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    } catch (thrown) {
      // Somebody else has done it just now, or we ourselves by a try whose answer was lost.
      if (await expiryOf(table) === undefined) throw thrown;
    }
  }
  if (await expiryOf(table) !== expiry) {
    throw configError([`PAYMENT_DYNAMODB_TABLE: "${TableName}" expires by another attribute`]);
  }
  return `Items expire by "${expiry}"`;
}

/** The attribute by which items expire, or undefined when they do not. */
async function expiryOf({ client, name: TableName }: DynamodbTable): Promise<string | undefined> {
  const { TimeToLiveDescription: there } = await client.send(
    new DescribeTimeToLiveCommand({ TableName }),
  );
  const isOn = there?.TimeToLiveStatus === "ENABLED" || there?.TimeToLiveStatus === "ENABLING";
  return isOn ? there.AttributeName : undefined;
}

async function backUp({ client, name: TableName }: DynamodbTable): Promise<string> {
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  try {
    await client.send(
      new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
    );
    return "Point-in-time recovery is on";
  } catch (thrown) {
    // DynamoDB Local knows no backups.
    if (!(thrown instanceof Error && thrown.name === "UnknownOperationException")) throw thrown;
    return "Point-in-time recovery is not to be had from this server";
  }
}

/** What keeps `there` from being the table that the adapters need, or undefined when it is that table. */
export function shapeFault(name: string, there: TableDescription): string | undefined {
  if (there.TableStatus !== "ACTIVE" && there.TableStatus !== "UPDATING") {
    return `"${name}" is ${there.TableStatus}`;
  }
  const wanted = tableDefinition(name);
  if (keysOf(there, there) !== keysOf(wanted, wanted)) return `"${name}" has other keys`;
  for (const index of wanted.GlobalSecondaryIndexes!) {
    const found = there.GlobalSecondaryIndexes?.find(({ IndexName }) =>
      IndexName === index.IndexName
    );
    if (!found) return `"${name}" lacks the index "${index.IndexName}"`;
    if (indexShape(found, there) !== indexShape(index, wanted)) {
      return `The index "${index.IndexName}" of "${name}" has another shape`;
    }
  }
  return undefined;
}

type Keyed = Pick<GlobalSecondaryIndex, "KeySchema" | "Projection">;
type Typed = Pick<CreateTableCommandInput, "AttributeDefinitions">;

function keysOf(
  { KeySchema = [] }: Partial<Keyed>,
  { AttributeDefinitions = [] }: Partial<Typed>,
): string {
  const types = new Map(AttributeDefinitions.map((a) => [a.AttributeName, a.AttributeType]));
  return KeySchema.map(({ AttributeName: name, KeyType }) =>
    `${KeyType} ${name} ${types.get(name)}`
  )
    .join();
}

function indexShape(index: Partial<Keyed>, of: Partial<Typed>): string {
  const { ProjectionType, NonKeyAttributes = [] } = index.Projection ?? {};
  return `${keysOf(index, of)} ${ProjectionType} ${NonKeyAttributes.toSorted()}`;
}
