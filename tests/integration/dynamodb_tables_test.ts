import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { createTable, tableDefinition } from "@services/payment/adapters/dynamodb";
import { ConfigError } from "platform/config";
import { drain } from "platform/events/testing";
import { dynamodbCredentials, dynamodbEndpoint } from "tools/servers";
import { type DynamodbScene, sharedDynamodb, tlsFilesOf } from "../fixtures/dynamodb.ts";
import { anOpening, aTakenPayment, noon } from "../fixtures/payments.ts";

const dynamodb = sharedDynamodb();
const day = 24 * 3_600_000;

function test(promise: string, check: (scene: DynamodbScene) => Promise<void>): void {
  Deno.test({ name: promise, ignore: !dynamodb, fn: async () => await check(await dynamodb!()) });
}

test("deno task tables makes the table, with everything that expires, and then finds it there", async (scene) => {
  const name = `payment-${crypto.randomUUID()}`;
  const first = await runTables(scene, name);
  deepEqual([first.code, first.messages[0]], [0, `Table "${name}" was created`]);
  const again = await runTables(scene, name);
  deepEqual([again.code, again.messages[0]], [0, `Table "${name}" is there`]);
  await using opened = scene.table(name);
  const { TimeToLiveDescription: expiry } = await opened.table.client.send(
    new DescribeTimeToLiveCommand({ TableName: name }),
  );
  deepEqual([expiry?.AttributeName, expiry?.TimeToLiveStatus], ["expiresAt", "ENABLED"]);
  await using _ = await scene.open(name);
});

test("deno task tables leaves a table of another shape as it is, and says so", async (scene) => {
  const name = await anotherTable(scene);
  const { code, messages } = await runTables(scene, name);
  equal(code, 1);
  match(messages.join(), /lacks the index "by-due"/);
  await using opened = scene.table(name);
  const { Table } = await opened.table.client.send(new DescribeTableCommand({ TableName: name }));
  equal(Table?.GlobalSecondaryIndexes?.length, 2);
});

test("deno task tables names the variable that it lacks", async (scene) => {
  const { code, messages } = await runTables(scene, "payment", { PAYMENT_DYNAMODB_ENDPOINT: "" });
  equal(code, 1);
  match(messages.join(), /PAYMENT_DYNAMODB_ENDPOINT: /);
});

test("DynamoDB payment stores that are made by two at once are made once", async (scene) => {
  const name = `payment-${crypto.randomUUID()}`;
  await using opened = scene.table(name);
  await Promise.all([createTable(opened.table), createTable(opened.table)]);
  await using _ = await scene.open(name);
});

test("DynamoDB payment stores are no good without their table, or with one of another shape", async (scene) => {
  for (const name of ["payment-none", await anotherTable(scene)]) {
    await rejects(scene.open(name), (thrown) => {
      ok(thrown instanceof ConfigError);
      match(thrown.message, /PAYMENT_DYNAMODB_TABLE: .*deno task tables/);
      return true;
    });
  }
});

test("What has expired counts as gone, though DynamoDB has not taken it away", async (scene) => {
  await using stores = await scene.open(await scene.createTable());
  const { idempotency, webhooks, payments } = stores;
  const { id } = await payments.open(anOpening());
  equal(await webhooks.take("e1", id, noon), true);
  equal(await webhooks.take("e1", id, after(29 * day)), false);
  equal(await webhooks.take("e1", id, after(31 * day)), true);

  const use = { scope: "ada", key: "k1", fingerprint: "f1", resourceId: "r1" };
  await idempotency.claim(use, noon, 1_000);
  await idempotency.answer(use, { status: 201, headers: {}, body: "{}" }, noon);
  equal((await idempotency.claim(use, after(day), 1_000)).state, "answered");
  const other = { ...use, fingerprint: "f2", resourceId: "r2" };
  const claim = await idempotency.claim(other, after(3 * day), 1_000);
  deepEqual(claim, { state: "claimed", resourceId: "r2", leasedUntil: after(3 * day + 1_000) });
});

test("A lane whose relay has died is taken up when its lease has run out", async (scene) => {
  const table = await scene.createTable();
  const clock = { nowMs: Date.now() };
  await using stores = await scene.open(table, { now: () => new Date(clock.nowMs) });
  await aTakenPayment(stores.payments);
  const { promise: isSending, resolve: sending } = Promise.withResolvers<void>();
  const { promise: never } = Promise.withResolvers<void>();
  stores.outbox.relay(10, () => {
    sending();
    return never;
  });
  await isSending;
  equal((await drain(stores.outbox)).length, 0);
  clock.nowMs += 15_000;
  equal((await drain(stores.outbox)).length, 1);
});

function after(ms: number): Date {
  return new Date(noon.getTime() + ms);
}

/** A table with all but one of the indexes. @returns its name. */
async function anotherTable(scene: DynamodbScene): Promise<string> {
  const name = `payment-${crypto.randomUUID()}`;
  await using opened = scene.table(name);
  const { AttributeDefinitions = [], GlobalSecondaryIndexes = [], ...rest } = tableDefinition(name);
  const used = new Set(["pk", "sk", "listShard", "ageKey", "customerId"]);
  await opened.table.client.send(
    new CreateTableCommand({
      ...rest,
      AttributeDefinitions: AttributeDefinitions.filter((a) => used.has(a.AttributeName!)),
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.slice(0, 2),
    }),
  );
  return name;
}

/** Runs the task as an operator does. @returns how it ended, and what it logged. */
async function runTables(
  { server, scene }: DynamodbScene,
  table: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly messages: readonly string[] }> {
  const files = tlsFilesOf(scene.tlsDir);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=tables", "--no-prompt", "tools/tables.ts"],
    cwd: new URL("../..", import.meta.url).pathname,
    env: {
      ...dynamodbCredentials,
      PAYMENT_DYNAMODB_ENDPOINT: dynamodbEndpoint(server.port),
      PAYMENT_DYNAMODB_TABLE: table,
      TLS_CERT_FILE: files.certFile,
      TLS_KEY_FILE: files.keyFile,
      TLS_CA_FILE: files.caFile,
      ...env,
    },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return { code, messages: lines.map((line) => String(JSON.parse(line).message)) };
}
