import { deepEqual, equal } from "node:assert/strict";
import { ConnectionError } from "platform/tls";
import { fakeGateway } from "./testing/fake_gateway.ts";

const customer = { authorization: "Bearer customer" };

/** A gateway before two instances of each service, the first of which fails. */
function halfDead(failure: Error) {
  return fakeGateway({
    discovery: { watch: () => ({ origins: ["https://dead.test:1", "https://well.test:1"] }) },
    service: ({ url }) => {
      if (url.startsWith("https://dead.test")) throw failure;
      return Response.json({ ok: true });
    },
  });
}

Deno.test("requests take turns among a service's instances", async () => {
  const { ask, sent } = fakeGateway({
    discovery: { watch: () => ({ origins: ["https://one.test:1", "https://two.test:1"] }) },
  });
  for (let asked = 0; asked < 4; asked++) equal((await ask("/products")).status, 200);
  const hosts = sent.map(({ url }) => new URL(url).hostname);
  deepEqual(hosts.toSorted(), ["one.test", "one.test", "two.test", "two.test"]);
});

Deno.test("a request that reached nobody goes to another instance, a POST too, and then none goes to the first", async () => {
  const { ask, sent } = halfDead(new ConnectionError("Cannot fetch: nobody is there", true));
  for (let asked = 0; asked < 4; asked++) {
    const response = await ask("/orders", { method: "POST", body: "{}", headers: customer });
    equal(response.status, 200);
  }
  equal(sent.filter(({ url }) => url.startsWith("https://dead.test")).length, 1);
});

Deno.test("a POST whose connection broke may have been heard: it goes to no other instance", async () => {
  const { ask, sent } = halfDead(new ConnectionError("Cannot fetch: it broke", false));
  const post = { method: "POST", body: "{}", headers: customer };
  const statuses = [(await ask("/orders", post)).status, (await ask("/orders", post)).status];
  deepEqual(statuses, [502, 200]);
  equal(sent.length, 2);
});

Deno.test("where no instance is known, the answer is 503", async () => {
  const { ask, sent } = fakeGateway({ discovery: { watch: () => ({ origins: [] }) } });
  equal((await ask("/products")).status, 503);
  equal(sent.length, 0);
});

Deno.test("a host that is no program's name is an address", async () => {
  const { ask, sent } = fakeGateway({ discovery: { watch: () => undefined } });
  equal((await ask("/products")).status, 200);
  equal(sent[0]!.url, "https://orders/products");
});

Deno.test("a service is ready when one of its instances is", async () => {
  const { ask } = halfDead(new ConnectionError("Cannot fetch: nobody is there", true));
  for (let asked = 0; asked < 2; asked++) equal((await ask("/readyz")).status, 204);
});
