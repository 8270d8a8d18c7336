import { deepEqual, equal, match } from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Role } from "platform/access";
import {
  noon,
  pay,
  payingFor,
  problem,
  testApi,
  uuid,
  webhookSecret,
} from "./testing/payment_api.ts";

testApi(
  "A payment is answered in its shape, with the customer that the order names",
  async (api) => {
    const order = api.anOrder();
    const { status, headers, body } = await api.ask("POST", "/payments", {
      body: payingFor(order.id),
    });
    equal(status, 201);
    match(body.id, uuid);
    deepEqual(body, {
      id: body.id,
      orderId: order.id,
      customerId: "ada",
      status: "succeeded",
      amountMinor: 900,
      capturedMinor: 900,
      refundedMinor: 0,
      currency: "EUR",
      createdAt: noon.toISOString(),
      version: body.version,
    });
    equal(headers.get("etag"), `"${body.version}"`);
    const read = await api.ask("GET", `/payments/${body.id}`);
    deepEqual([read.status, read.body], [200, body]);
  },
);

testApi("A payment is taken at once unless it is told to be held only", async (api) => {
  equal((await pay(api)).body.status, "succeeded");
  equal((await pay(api, { capture: true })).body.status, "succeeded");
  const { body } = await pay(api, { capture: false });
  deepEqual([body.status, body.capturedMinor], ["requires_capture", 0]);
  const captured = await api.ask("POST", `/payments/${body.id}/capture`);
  deepEqual([captured.status, captured.body.status], [200, "succeeded"]);
  equal(captured.body.capturedMinor, 900);
});

testApi("A payment that the processor is still at is answered as it is", async (api) => {
  api.settling.answers = false;
  const { status, body } = await pay(api);
  deepEqual([status, body.status, body.capturedMinor], [201, "processing", 0]);
});

testApi("A payment's method is kept, and never answered", async (api) => {
  api.settling.answers = false;
  const { body } = await pay(api);
  equal((await api.course(body.id)).work.paymentMethod, "pm_card_visa");
  equal(JSON.stringify(body).includes("pm_card_visa"), false);
});

testApi("A payment of no known order, or of another total, is refused", async (api) => {
  const { id } = api.anOrder();
  const bodies: [unknown, string][] = [
    [payingFor(crypto.randomUUID()), "422 unknown-order"],
    [payingFor(id, { amountMinor: 899 }), "422 order-mismatch"],
    [payingFor(id, { amountMinor: 901 }), "422 order-mismatch"],
    [payingFor(id, { currency: "USD" }), "422 order-mismatch"],
  ];
  for (const status of ["confirmed", "cancelled", "payment_failed", "fulfilled"] as const) {
    bodies.push([payingFor(api.anOrder({ status }).id), "422 order-not-payable"]);
  }
  for (const [body, expected] of bodies) {
    equal(problem(await api.ask("POST", "/payments", { body })), expected);
  }
  deepEqual((await api.ask("GET", "/payments")).body, { items: [], nextCursor: null });
});

testApi("A body that breaks the contract is refused before any order is looked up", async (api) => {
  const { id } = api.anOrder();
  const wrong = [
    { amountMinor: 0 },
    { amountMinor: -900 },
    { amountMinor: 9.5 },
    { amountMinor: "900" },
    { currency: "XXX" },
    { paymentMethod: "4242424242424242" },
    { capture: "yes" },
    { customerId: "eve" },
    { orderId: "../orders" },
  ];
  for (const traits of wrong) {
    const answer = await api.ask("POST", "/payments", { body: payingFor(id, traits) });
    equal(problem(answer), "400 invalid-request");
  }
});

testApi("An order is paid once or not at all: no payment follows one that is over", async (api) => {
  const body = payingFor(api.anOrder().id, { capture: false });
  const first = await api.ask("POST", "/payments", { body });
  equal(problem(await api.ask("POST", "/payments", { body })), "409 order-has-payment");
  const cancelled = await api.ask("POST", `/payments/${first.body.id}/cancel`);
  deepEqual([cancelled.status, cancelled.body.status], [200, "canceled"]);
  equal(problem(await api.ask("POST", "/payments", { body })), "409 order-has-payment");
});

testApi(
  "A call that is repeated with its key gets the same payment, and makes no other",
  async (api) => {
    const headers = { "idempotency-key": "k1" };
    const body = payingFor(api.anOrder().id);
    const first = await api.ask("POST", "/payments", { body, headers });
    const again = await api.ask("POST", "/payments", { body, headers });
    deepEqual([again.status, again.body], [201, first.body]);
    equal(again.headers.get("idempotent-replayed"), "true");
    const other = payingFor(api.anOrder().id);
    const reused = await api.ask("POST", "/payments", { body: other, headers });
    equal(problem(reused), "422 idempotency-key-reused");
    equal((await api.ask("GET", "/payments")).body.items.length, 1);
    const unkeyed = await api.ask("POST", "/payments", {
      body,
      headers: { "idempotency-key": "" },
    });
    equal(problem(unkeyed), "400 idempotency-key-missing");
  },
);

testApi("Someone else's payment is not there, in a list neither", async (api) => {
  const { body: { id, orderId } } = await pay(api);
  equal((await api.ask("GET", `/payments/${id}`, { as: "ada customer" })).status, 200);
  equal((await api.ask("GET", `/payments/${id}`, { as: "audrey auditor" })).status, 200);
  const eves = await api.ask("GET", `/payments/${id}`, { as: "eve customer" });
  const nobodys = await api.ask("GET", `/payments/${crypto.randomUUID()}`, { as: "eve customer" });
  equal(problem(eves), "404 not-found");
  deepEqual(eves.body, nobodys.body);
  for (const path of ["/payments", `/payments?orderId=${orderId}`]) {
    deepEqual((await api.ask("GET", path, { as: "eve customer" })).body.items, []);
    equal((await api.ask("GET", path, { as: "ada customer" })).body.items.length, 1);
  }
});

testApi("Nobody moves money but those who may", async (api) => {
  const { body: { id } } = await pay(api);
  const moves: [string, unknown, readonly Role[]][] = [
    ["/payments", payingFor(api.anOrder().id), ["customer", "orders", "auditor", "admin"]],
    [`/payments/${id}/capture`, undefined, ["customer", "orders", "auditor"]],
    [`/payments/${id}/cancel`, undefined, ["customer", "orders", "auditor"]],
    [`/payments/${id}/refunds`, { amountMinor: 1 }, ["customer", "orders", "auditor"]],
  ];
  for (const [path, body, roles] of moves) {
    for (const role of roles) {
      const answer = await api.ask("POST", path, { as: `ada ${role}`, body });
      equal(problem(answer), "403 forbidden");
    }
    equal(problem(await api.ask("POST", path, { as: "", body })), "401 unauthenticated");
  }
});

testApi("A webhook is taken by its signature alone, and wakes its payment once", async (api) => {
  api.settling.answers = false;
  const { body: { id } } = await pay(api);
  const body = JSON.stringify({ id: "evt_1", reference: id });
  const seconds = noon.getTime() / 1000;
  const hex = createHmac("sha256", webhookSecret).update(`${seconds}.${body}`).digest("hex");
  const send = (signature: string) =>
    api.ask("POST", "/webhooks/psp", {
      as: "",
      body,
      headers: { "psp-signature": signature },
    });
  for (const forged of ["", `t=${seconds},v1=${"0".repeat(64)}`, `t=${seconds + 1},v1=${hex}`]) {
    equal(problem(await send(forged)), "401 bad-signature");
  }
  deepEqual(api.woken, []);
  for (let time = 0; time < 2; time++) {
    const { status, body } = await send(`t=${seconds},v1=${hex}`);
    deepEqual([status, body], [202, { received: true }]);
  }
  deepEqual(api.woken, [id]);
});

testApi("The ledger adds up to nothing, and shows so to auditors", async (api) => {
  const { body: { id } } = await pay(api);
  await api.ask("POST", `/payments/${id}/refunds`, { body: { amountMinor: 300 } });
  const { status, body } = await api.ask("GET", "/ledger/balance", { as: "audrey auditor" });
  equal(status, 200);
  deepEqual(body, {
    items: [{ currency: "EUR", debitsMinor: 1_200, creditsMinor: 1_200, differenceMinor: 0 }],
  });
  const customers = await api.ask("GET", "/ledger/balance", { as: "ada customer" });
  equal(problem(customers), "403 forbidden");
});

testApi(
  "Payments are listed newest first, page by page, within the limits of a page",
  async (api) => {
    for (let count = 0; count < 3; count++) await pay(api);
    const first = await api.ask("GET", "/payments?limit=2");
    equal(first.body.items.length, 2);
    const rest = await api.ask("GET", `/payments?limit=2&cursor=${first.body.nextCursor}`);
    equal(rest.body.items.length, 1);
    equal(rest.body.nextCursor, null);
    const ids = [...first.body.items, ...rest.body.items].map(({ id }) => id);
    equal(new Set(ids).size, 3);
    for (const query of ["limit=0", "limit=101", "cursor=garbage", "orderId=1", "customerId=ada"]) {
      equal(problem(await api.ask("GET", `/payments?${query}`)), "400 invalid-request");
    }
  },
);
