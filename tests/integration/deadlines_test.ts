import { deepEqual, equal } from "node:assert/strict";
import { createApp } from "@services/payment";
import { HttpOrderLookup, openEmbeddedStores } from "@services/payment/adapters";
import { ciphersOf } from "@services/payment/ciphers";
import { timekeeper } from "@services/payment/callers";
import { TestKeyRing } from "platform/crypto/testing";
import { Secret } from "platform/config";
import { withDeadline } from "platform/http";
import { silentLogger as log } from "platform/telemetry";
import { openPeerFetch, type PeerFetch } from "platform/tls";
import { believe } from "../fixtures/believing_authenticator.ts";
import { aMutualServer, anAuthority, TestIdentity, within } from "../security/tls_fixture.ts";

const order = {
  id: "11111111-1111-4111-8111-111111111111",
  customerId: "ada",
  status: "pending",
  totalMinor: 900,
  currency: "EUR",
};
const paymentId = "spiffe://sallyport/payment";
const callers = new Map<string, "any">([
  ["spiffe://sallyport/gateway", "any"],
  ["spiffe://sallyport/orders", "any"],
]);

/** Orders as payment sees it: it says when it was asked, and answers when it is let. */
class SlowOrders {
  readonly asked = Promise.withResolvers<void>();
  readonly left = Promise.withResolvers<void>();
  readonly answering = Promise.withResolvers<void>();

  async answer(request: Request): Promise<Response> {
    request.signal.addEventListener("abort", () => this.left.resolve());
    this.asked.resolve();
    await this.answering.promise;
    return Response.json(order);
  }
}

/** Payment on a socket, orders on another, and those who may call payment. */
async function openScene() {
  await using opening = new AsyncDisposableStack();
  const ca = await anAuthority();
  const identityOf = async (program: string) =>
    opening.use(new TestIdentity(await ca.leaf(program), ca));
  const slow = new SlowOrders();
  const orders = opening.use(
    await aMutualServer({
      identity: await identityOf("orders"),
      callers: new Map([[paymentId, "any"]]),
      handler: (request) => slow.answer(request),
    }),
  );
  const identity = await identityOf("payment");
  const toOrders = opening.use(openPeerFetch({ identity, peer: "spiffe://sallyport/orders" }));
  const stores = opening.use(
    openEmbeddedStores({ kind: "embedded", path: ":memory:" }, ciphersOf(new TestKeyRing())),
  );
  const app = createApp({
    ...stores,
    reads: stores.payments,
    orders: new HttpOrderLookup({
      baseUrl: `https://localhost:${orders.port}`,
      fetch: toOrders.fetch,
      token: () => Promise.resolve("payment:auditor"),
    }),
    settler: { settle: () => Promise.resolve(), wake: () => {} },
    webhookSecret: new Secret("secret"),
    authenticate: believe,
    log,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    reach: () => {},
  });
  const handler = withDeadline(app.fetch, { timekeeper });
  const payment = opening.use(await aMutualServer({ identity, callers, handler }));
  const peers = new Map<string, PeerFetch>();
  for (const program of ["gateway", "orders"]) {
    const own = await identityOf(program);
    peers.set(program, opening.use(openPeerFetch({ identity: own, peer: paymentId })));
  }
  const opened = opening.move();
  return {
    slow,
    /** Pays the order under one key, as `program` would. */
    pay: (program: string, timeLeftMs: number): Promise<Response> =>
      peers.get(program)!.fetch(`https://localhost:${payment.port}/payments`, {
        method: "POST",
        headers: {
          authorization: "Bearer paula:payment",
          "content-type": "application/json",
          "idempotency-key": "one-key",
          "x-request-timeout-ms": String(timeLeftMs),
        },
        body: JSON.stringify({
          orderId: order.id,
          amountMinor: order.totalMinor,
          currency: order.currency,
          paymentMethod: "pm_card_visa",
        }),
      }),
    payments: async () => (await stores.payments.list("any", { limit: 10 })).items.length,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

Deno.test("a service answers 504 when the gateway's time is over, lets go of whom it has asked, and does not go on", async () => {
  await using scene = await openScene();
  const paying = scene.pay("gateway", 200);
  await within(5_000, scene.slow.asked.promise);
  const late = await within(5_000, paying);
  const { type } = await late.json();
  deepEqual([late.status, type], [504, "urn:sallyport:problem:gateway-timeout"]);
  // Sooner than payment would have given up by itself.
  await within(1_500, scene.slow.left.promise);
  equal(await scene.payments(), 0);
  // What was not done is done when somebody asks again, by the same key.
  scene.slow.answering.resolve();
  equal((await scene.pay("gateway", 60_000)).status, 201);
  equal(await scene.payments(), 1);
});

Deno.test("a service lets nobody but the gateway say how long an answer is waited for", async () => {
  await using scene = await openScene();
  scene.slow.answering.resolve();
  const refused = await scene.pay("gateway", 0);
  deepEqual([refused.status, await scene.payments()], [504, 0]);
  await refused.body?.cancel();
  const answered = await scene.pay("orders", 0);
  equal(answered.status, 201);
  await answered.body?.cancel();
});
