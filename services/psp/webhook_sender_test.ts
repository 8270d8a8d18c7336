import { createHmac } from "node:crypto";
import { deepEqual, equal, ok } from "node:assert/strict";
import { Secret } from "platform/config";
import { silentLogger } from "platform/telemetry";
import { ChargeStore } from "./charge_store.ts";
import { sendWebhooks } from "./webhook_sender.ts";

interface Received {
  readonly signature: string;
  readonly body: string;
  readonly atMs: number;
}

/**
 * Sends one webhook to a merchant that answers with each of `statuses` in turn (0: not at all), then 204,
 * on a clock that jumps to when the next one is due. Ends when nothing is left to send.
 */
async function deliver(statuses: number[], sendsMax = 50): Promise<Received[]> {
  using charges = new ChargeStore(":memory:");
  const received: Received[] = [];
  const clock = { ms: 1_767_355_200_000 };
  charges.record({
    reference: "r1",
    status: "authorized",
    amountMinor: 900,
    currency: "EUR",
    capturedMinor: 0,
    refundedMinor: 0,
    declineCode: null,
  });
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const merchant: typeof fetch = (_url, init) => {
    const signature = new Headers(init?.headers).get("psp-signature") ?? "";
    received.push({ signature, body: String(init?.body), atMs: clock.ms });
    const status = statuses.shift() ?? 204;
    if (status === 0) return Promise.reject(new TypeError("connection refused"));
    return Promise.resolve(new Response(null, { status }));
  };
  const sender = sendWebhooks({
    charges,
    url: "https://merchant.test/webhooks/psp",
    secret: new Secret("whsec"),
    fetch: merchant,
    log: silentLogger,
    now: () => new Date(clock.ms),
  });
  const turn = () => {
    if (charges.dueWebhooks(Infinity, 1).length === 0 || received.length > sendsMax) {
      return resolve();
    }
    while (charges.dueWebhooks(clock.ms, 1).length === 0) clock.ms += 100;
    sender.wake();
    setTimeout(turn, 0);
  };
  turn();
  await done;
  await sender[Symbol.asyncDispose]();
  return received;
}

Deno.test("A webhook is signed over its time and body", async () => {
  const [received] = await deliver([]);
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(received!.signature) ?? [];
  const expected = createHmac("sha256", "whsec").update(`${seconds}.${received!.body}`);
  equal(signature, expected.digest("hex"));
  equal(Number(seconds), Math.floor(received!.atMs / 1000));
});

Deno.test("A webhook names what changed, and says nothing of money or cards", async () => {
  const [received] = await deliver([]);
  const { id, ...event } = JSON.parse(received!.body);
  equal(typeof id, "string");
  deepEqual(event, { reference: "r1", type: "charge.authorized" });
});

Deno.test("A webhook is sent once when it is acknowledged", async () => {
  equal((await deliver([204])).length, 1);
});

Deno.test("A webhook is sent again, later each time, until it is acknowledged", async () => {
  const received = await deliver([500, 0, 404, 302]);
  equal(received.length, 5);
  equal(new Set(received.map(({ body }) => JSON.parse(body).id)).size, 1);
  const times = received.map(({ atMs }) => atMs);
  const pauses = times.slice(1).map((atMs, before) => atMs - times[before]!);
  ok(pauses.every((pauseMs, at) => at === 0 || pauseMs > pauses[at - 1]!));
});

Deno.test("A webhook that nobody ever takes is given up", async () => {
  equal((await deliver(Array<number>(50).fill(503))).length, 12);
});
