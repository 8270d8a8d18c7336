import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHmac } from "node:crypto";
import { TestKeyRing } from "platform/crypto/testing";
import { Secret } from "platform/config";
import { Problem } from "platform/problem";
import { openEmbeddedStores } from "./adapters/mod.ts";
import { ciphersOf } from "./ciphers.ts";
import { NewPayment, opened, PaymentId, unanswered } from "./domain/mod.ts";
import { openWebhook } from "./webhook.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");
const noonSeconds = noon.getTime() / 1000;
const secret = "whsec_test";
const id = PaymentId.parse("11111111-1111-4111-8111-111111111111");
const body = JSON.stringify({ id: "evt_1", type: "charge.captured", reference: id });

interface Traits {
  readonly seconds?: number | string;
  readonly key?: string;
  readonly bodyText?: string;
}

/** What the processor puts in `psp-signature`. */
function signatureOf(
  { seconds = noonSeconds, key = secret, bodyText = body }: Traits = {},
): string {
  const hex = createHmac("sha256", key).update(`${seconds}.${bodyText}`).digest("hex");
  return `t=${seconds},v1=${hex}`;
}

function open(header: string | undefined, bodyText = body) {
  const headers = new Headers(header === undefined ? {} : { "psp-signature": header });
  return openWebhook({ headers, bodyText }, new Secret(secret), noon);
}

function refusedAs(type: string): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof Problem && thrown.kind.type === `urn:sallyport:problem:${type}`;
}

Deno.test("A webhook signed by the processor gives its id and reference, and nothing else", async () => {
  deepEqual(await open(signatureOf()), { id: "evt_1", reference: id });
});

Deno.test("A webhook is believed until it is five minutes old, and no longer", async () => {
  for (const seconds of [noonSeconds - 300, noonSeconds + 300]) {
    equal((await open(signatureOf({ seconds }))).id, "evt_1");
  }
  for (const seconds of [noonSeconds - 301, noonSeconds + 301, 0]) {
    await rejects(open(signatureOf({ seconds })), refusedAs("bad-signature"));
  }
});

Deno.test("A webhook signed with another secret is refused", async () => {
  await rejects(open(signatureOf({ key: "whsec_other" })), refusedAs("bad-signature"));
});

Deno.test("A webhook whose body or time is not the one signed is refused", async () => {
  const other = body.replace("evt_1", "evt_2");
  await rejects(open(signatureOf(), other), refusedAs("bad-signature"));
  await rejects(open(signatureOf(), `${body} `), refusedAs("bad-signature"));
  const laterTime = signatureOf().replace(`t=${noonSeconds}`, `t=${noonSeconds + 1}`);
  await rejects(open(laterTime), refusedAs("bad-signature"));
});

Deno.test("A webhook without a well-formed signature is refused", async () => {
  const good = signatureOf();
  const [time, signature] = good.split(",") as [string, string];
  const malformed = [
    undefined,
    "",
    "garbage",
    time,
    signature,
    `${signature},${time}`,
    `${time},v1=`,
    `${time},v0=${signature.slice(3)}`,
    `${good},${signature}`,
    `${good}00`,
    good.slice(0, -1),
    good.toUpperCase(),
    good.replace("t=", "t=-"),
    `t=${"9".repeat(13)},${signature}`,
    `${time},v1=${"zz".repeat(32)}`,
  ];
  for (const header of malformed) await rejects(open(header), refusedAs("bad-signature"));
});

Deno.test("A signed message that is no event is refused as such", async () => {
  const bodies = [
    "{}",
    "[]",
    "null",
    JSON.stringify({ id: "", reference: id }),
    JSON.stringify({ id: "evt_1", reference: "../x" }),
    JSON.stringify({ id: "e".repeat(256), reference: id }),
  ];
  for (const bodyText of bodies) {
    await rejects(open(signatureOf({ bodyText }), bodyText), refusedAs("invalid-request"));
  }
});

Deno.test("A webhook that comes twice has its effect once", async () => {
  await using stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  const asked = NewPayment.parse({
    orderId: crypto.randomUUID(),
    amountMinor: 900,
    currency: "EUR",
    paymentMethod: "pm_card_visa",
  });
  await stores.payments.open(
    opened(asked, { id, customerId: "ada", at: noon }),
  );
  const wait = () => stores.payments.transition(id, "any", (course) => unanswered(course, noon));
  const take = async () => {
    const event = await open(signatureOf());
    return await stores.webhooks.take(event.id, event.reference, noon);
  };
  await wait();
  equal(await take(), true);
  deepEqual(await stores.work.due(noon, 10), [id]);
  await wait();
  equal(await take(), false);
  deepEqual(await stores.work.due(noon, 10), []);
});
