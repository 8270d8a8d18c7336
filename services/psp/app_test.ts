import { deepEqual, equal } from "node:assert/strict";
import { Secret } from "platform/config";
import { createApp, type Dependencies } from "./app.ts";
import { ChargeStore } from "./charge_store.ts";

interface Sent {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A processor with empty books, and a client that has its key. */
function open(pause: Dependencies["pause"] = () => Promise.resolve()) {
  const charges = new ChargeStore(":memory:");
  const app = createApp({ charges, apiKey: new Secret("key"), pause });
  const send = async (path: string, body?: unknown, key = "key"): Promise<Sent> => {
    const response = await app.request(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...body !== undefined && { body: JSON.stringify(body) },
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, body: isJson ? JSON.parse(text) : {} };
  };
  return { charges, send };
}

function aCharge(traits: Readonly<Record<string, unknown>> = {}) {
  return {
    reference: "r1",
    amountMinor: 900,
    currency: "EUR",
    paymentMethod: "pm_card_visa",
    ...traits,
  };
}

Deno.test("The processor answers nobody without its key", async () => {
  const { send } = open();
  for (const key of ["", "kez", "key2"]) {
    equal((await send("/v1/charges", aCharge(), key)).status === 200, false);
  }
  equal((await send("/v1/charges/r1")).status, 404);
});

Deno.test("The processor declines with a code, on record", async () => {
  const { send } = open();
  const declines = [
    ["pm_card_declined", "card_declined"],
    ["pm_card_insufficient_funds", "insufficient_funds"],
  ];
  for (const [paymentMethod, declineCode] of declines) {
    const charge = aCharge({ reference: paymentMethod, paymentMethod });
    const { status, body } = await send("/v1/charges", charge);
    equal(status, 402);
    equal(body["declineCode"], declineCode);
    equal((await send(`/v1/charges/${paymentMethod}`)).body["status"], "declined");
  }
});

Deno.test("The processor records nothing while it is down, or of a method that it does not know", async () => {
  const { send } = open();
  equal((await send("/v1/charges", aCharge({ paymentMethod: "pm_processor_down" }))).status, 503);
  for (const paymentMethod of ["pm_unheard_of", "constructor", ""]) {
    equal((await send("/v1/charges", aCharge({ paymentMethod }))).status, 422);
  }
  equal((await send("/v1/charges/r1")).status, 404);
});

Deno.test("The processor has charged before it is slow or loses its answer, and only the first time", async () => {
  const methods = [["pm_card_slow", 3_000, 200], ["pm_card_timeout", 20_000, 504]] as const;
  for (const [paymentMethod, pausesMs, firstStatus] of methods) {
    const pauses: number[] = [];
    const found: unknown[] = [];
    const { charges, send } = open((ms) => {
      pauses.push(ms);
      found.push(charges.find("r1")?.status);
      return Promise.resolve();
    });
    equal((await send("/v1/charges", aCharge({ paymentMethod }))).status, firstStatus);
    equal((await send("/v1/charges", aCharge({ paymentMethod }))).status, 200);
    deepEqual(pauses, [pausesMs]);
    deepEqual(found, ["authorized"]);
  }
});

Deno.test("The processor refuses a charge that makes no sense", async () => {
  const { send } = open();
  const senseless = [
    { amountMinor: 0 },
    { amountMinor: -1 },
    { amountMinor: 1.5 },
    { reference: "" },
    { currency: "EURO" },
    { extra: true },
  ];
  for (const traits of senseless) equal((await send("/v1/charges", aCharge(traits))).status, 400);
  for (const body of [null, "", [], 7]) equal((await send("/v1/charges", body)).status, 400);
  deepEqual((await send("/v1/totals")).body["items"], []);
});

Deno.test("The processor refuses a body that is no JSON", async () => {
  using charges = new ChargeStore(":memory:");
  const app = createApp({ charges, apiKey: new Secret("key"), pause: () => Promise.resolve() });
  const headers = { authorization: "Bearer key" };
  for (const path of ["/v1/charges", "/v1/charges/r1/refunds"]) {
    equal((await app.request(path, { method: "POST", headers, body: "{" })).status, 400);
  }
});

Deno.test("The processor sums up what it took and paid back, by currency", async () => {
  const { send } = open();
  for (const [reference, currency] of [["r1", "EUR"], ["r2", "EUR"], ["r3", "GBP"]]) {
    await send("/v1/charges", aCharge({ reference, currency }));
    await send(`/v1/charges/${reference}/capture`, {});
  }
  await send("/v1/charges/r1/refunds", { refundReference: "f1", amountMinor: 250 });
  await send("/v1/charges/tombstone/void", {});
  deepEqual((await send("/v1/totals")).body["items"], [
    { currency: "EUR", charges: 2, capturedMinor: 1_800, refundedMinor: 250 },
    { currency: "GBP", charges: 1, capturedMinor: 900, refundedMinor: 0 },
  ]);
});

Deno.test("The processor's books survive its end", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/psp.sqlite`;
    // Not closed before it is read: as after a crash.
    using crashed = new ChargeStore(path);
    const none = { capturedMinor: 0, refundedMinor: 0, declineCode: null };
    crashed.record({ ...none, ...aMoney, reference: "r1", status: "authorized" });
    crashed.capture("r1");
    using charges = new ChargeStore(path);
    equal(charges.find("r1")?.capturedMinor, 900);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

const aMoney = { amountMinor: 900, currency: "EUR" };
