import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { noon, pay, problem, testApi, uuid } from "./testing/payment_api.ts";

testApi("A refund is answered in its shape, and counts in its payment", async (api) => {
  const { body: { id } } = await pay(api);
  const path = `/payments/${id}/refunds`;
  const { status, body } = await api.ask("POST", path, { body: { amountMinor: 300 } });
  equal(status, 201);
  match(body.id, uuid);
  deepEqual(body, {
    id: body.id,
    paymentId: id,
    amountMinor: 300,
    status: "succeeded",
    createdAt: noon.toISOString(),
  });
  equal((await api.ask("GET", `/payments/${id}`)).body.refundedMinor, 300);
});

testApi("No more is refunded than was taken, pending refunds included", async (api) => {
  const { body: { id } } = await pay(api);
  const refund = (amountMinor: number) =>
    api.ask("POST", `/payments/${id}/refunds`, { body: { amountMinor } });
  equal(problem(await refund(901)), "422 refund-too-large");
  equal((await refund(500)).status, 201);
  api.settling.answers = false;
  equal((await refund(300)).body.status, "pending");
  equal(problem(await refund(101)), "422 refund-too-large");
  equal((await refund(100)).status, 201);
});

testApi("A refund that is repeated with its key is made once", async (api) => {
  const { body: { id } } = await pay(api);
  const ask = { body: { amountMinor: 300 }, headers: { "idempotency-key": "k1" } };
  const first = await api.ask("POST", `/payments/${id}/refunds`, ask);
  const again = await api.ask("POST", `/payments/${id}/refunds`, ask);
  deepEqual(again.body, first.body);
  equal((await api.course(id)).refunds.length, 1);
});

testApi("A move that the payment's state does not allow is a conflict", async (api) => {
  const { body: taken } = await pay(api);
  equal(
    problem(await api.ask("POST", `/payments/${taken.id}/cancel`)),
    "409 payment-not-cancelable",
  );
  const { body: held } = await pay(api, { capture: false });
  const body = { amountMinor: 1 };
  const refund = await api.ask("POST", `/payments/${held.id}/refunds`, { body });
  equal(problem(refund), "409 payment-not-refundable");
  await api.ask("POST", `/payments/${held.id}/cancel`);
  const capture = await api.ask("POST", `/payments/${held.id}/capture`);
  equal(problem(capture), "409 payment-not-capturable");
});

testApi("A move of a version that was overtaken is refused, and moves nothing", async (api) => {
  const { body: held, headers } = await pay(api, { capture: false });
  const moves: [string, unknown][] = [
    ["capture", undefined],
    ["cancel", undefined],
    ["refunds", { amountMinor: 1 }],
  ];
  for (const [move, body] of moves) {
    for (const stale of ['"99"', `W/${headers.get("etag")}`, '"garbage"']) {
      const ask = { body, headers: { "if-match": stale } };
      const answer = await api.ask("POST", `/payments/${held.id}/${move}`, ask);
      equal(problem(answer), "412 precondition-failed");
    }
  }
  equal((await api.ask("GET", `/payments/${held.id}`)).body.version, held.version);
  const ask = { headers: { "if-match": headers.get("etag")! } };
  const captured = await api.ask("POST", `/payments/${held.id}/capture`, ask);
  equal(captured.body.status, "succeeded");
  notEqual(captured.headers.get("etag"), headers.get("etag"));
});
