import { equal, ok } from "node:assert/strict";
import { createDynamodbTable } from "@services/payment/adapters/dynamodb";
import { ensureCertificates } from "certs/store";
import { silentLogger as log } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";
import { freePort } from "tools/platform";
import {
  dynamodbCredentials,
  dynamodbEndpoint,
  lacks,
  type RealServer,
  startDynamodb,
  useDynamodbCredentials,
} from "tools/servers";
import { tlsFilesOf } from "../fixtures/dynamodb.ts";
import { eventually } from "../fixtures/eventually.ts";
import {
  call,
  openTestPlatform,
  placeOrder,
  products,
  type TestPlatform,
} from "../fixtures/platform.ts";
import { within } from "../security/tls_fixture.ts";

const table = "sallyport-payment";
const waitsMsMax = 30_000;

Deno.test({
  name: "orders are paid over DynamoDB, wait while it is away, and go on when it is back",
  ignore: lacks("dynamodb"),
  async fn() {
    await using scene = await openOnDynamodb();
    const { platform, server } = scene;
    const token = await platform.tokenOf("alice");
    const [product] = await products(platform);
    const order = { token, productId: product!.id };

    const first = await placeOrder(platform, order);
    await isConfirmed(platform, String(first.body["id"]));
    equal(await readyz(platform), 204);

    await server.kill();
    equal(await readyz(platform), 503);
    const paymentToken = await platform.tokenOf("paula");
    const { status, headers } = await call(platform, "/payments", { token: paymentToken });
    equal(status, 503);
    equal(headers.get("retry-after"), "1");
    const second = await placeOrder(platform, order);
    equal(second.status, 201, "an order is taken though it cannot be paid yet");
    equal(second.body["status"], "pending");

    const pid = platform.supervisor.pid("payment");
    await server.start();
    await isConfirmed(platform, String(second.body["id"]));
    equal(await readyz(platform), 204);
    equal(platform.supervisor.pid("payment"), pid, "payment has not died of it");
    const audrey = await platform.tokenOf("audrey");
    const { body } = await call(platform, "/ledger/balance", { token: audrey });
    const [balance] = body["items"] as { differenceMinor: number; debitsMinor: number }[];
    equal(balance?.differenceMinor, 0);
    equal(balance?.debitsMinor, 2 * product!.priceMinor);
  },
});

Deno.test({
  name: "payment waits for DynamoDB when it starts before it, and can be stopped while it waits",
  ignore: lacks("dynamodb"),
  async fn() {
    await using scene = await openOnDynamodb();
    const { platform, server } = scene;
    const { supervisor } = platform;

    await server.kill();
    const killed = supervisor.pid("payment");
    const waits = nextWait(platform);
    supervisor.kill("payment");
    await waits;
    const waiting = supervisor.pid("payment");
    await server.start();
    await supervisor.restarted("payment", killed);
    equal(supervisor.pid("payment"), waiting, "payment has not died of it");

    await server.kill();
    const waitsAgain = nextWait(platform);
    supervisor.kill("payment");
    await waitsAgain;
    ok(await supervisor.stop(), "all have ended as they should");
  },
});

/** Resolves when payment says that it waits for its store. */
async function nextWait(platform: TestPlatform): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _ = platform.onLine((name, line) => {
    if (name === "payment" && line.includes('"Waiting for a store"')) resolve();
  });
  await within(waitsMsMax, promise);
}

interface OnDynamodb extends AsyncDisposable {
  readonly platform: TestPlatform;
  readonly server: RealServer;
}

/** A platform whose payment has its table in a DynamoDB of its own. */
async function openOnDynamodb(): Promise<OnDynamodb> {
  await using opening = new AsyncDisposableStack();
  const dataDir = await Deno.makeTempDir({ prefix: "sallyport_dynamodb_" });
  opening.defer(() => Deno.remove(dataDir, { recursive: true }));
  const port = freePort();
  let server!: RealServer;
  const platform = opening.use(
    await openTestPlatform({
      async startStores(dir) {
        const place = { dataDir: `${dataDir}/data`, tlsDir: `${dir}/tls`, port };
        server = opening.use(await startWithTable(place));
        const endpoint = dynamodbEndpoint(port);
        return { payment: { PAYMENT_DYNAMODB_ENDPOINT: endpoint, ...dynamodbCredentials } };
      },
    }),
  );
  const opened = opening.move();
  return { platform, server, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** DynamoDB with payment's table in it, and with a certificate of the platform's own CA. */
async function startWithTable(place: Parameters<typeof startDynamodb>[0]): Promise<RealServer> {
  useDynamodbCredentials();
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startDynamodb(place));
  const { tlsDir, port } = place;
  await ensureCertificates(tlsDir, ["payment"], new Date());
  await using identity = await openTlsIdentity(tlsFilesOf(tlsDir), { log });
  const config = {
    endpoint: dynamodbEndpoint(port),
    region: dynamodbCredentials.AWS_REGION,
    table,
  };
  await createDynamodbTable(config, identity);
  starting.move();
  return server;
}

async function isConfirmed(platform: TestPlatform, id: string): Promise<void> {
  const token = await platform.tokenOf("alice");
  ok(id !== "undefined");
  await eventually(`order ${id} is confirmed`, async () => {
    const { body } = await call(platform, `/orders/${id}`, { token });
    return body["status"] === "confirmed";
  }, { timeoutMs: 45_000, everyMs: 200 });
}

/** What a probe hears of payment. */
async function readyz({ ports }: TestPlatform): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ports.paymentAdmin}/readyz`);
  await response.body?.cancel();
  return response.status;
}
