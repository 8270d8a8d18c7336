import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConnectionError } from "platform/tls";
import { Balancer } from "./balancer.ts";
import { balancedFetch } from "./peer.ts";

/** A fetch of payment with instances that fail as told, and where its calls went. */
function payment(failures: Readonly<Record<string, Error>>, origins: readonly string[]) {
  const called: string[] = [];
  const balancer = new Balancer({ origins });
  const fetch = balancedFetch({
    program: "payment",
    balancer,
    fetch: (input) => {
      called.push(String(input));
      const failure = failures[new URL(String(input)).host];
      return failure ? Promise.reject(failure) : Promise.resolve(new Response("ok"));
    },
  });
  return { fetch, called };
}

const unreachable = new ConnectionError("Cannot fetch: nobody is there", true);
const broken = new ConnectionError("Cannot fetch: the connection broke", false);
const two = ["https://a:1", "https://b:1"];

Deno.test("balancedFetch() puts an instance in the place of the program's name, and leaves other URLs alone", async () => {
  const { fetch, called } = payment({}, ["https://127.0.0.1:4002"]);
  await fetch("https://payment/payments?orderId=1");
  await fetch("https://payment:4444/payments");
  await fetch("https://payment.example/keys");
  deepEqual(called, [
    "https://127.0.0.1:4002/payments?orderId=1",
    "https://payment:4444/payments",
    "https://payment.example/keys",
  ]);
});

Deno.test("balancedFetch() lets two instances share the calls", async () => {
  const { fetch, called } = payment({}, two);
  for (let call = 0; call < 4; call++) await fetch("https://payment/");
  deepEqual(called.toSorted(), ["https://a:1/", "https://a:1/", "https://b:1/", "https://b:1/"]);
});

Deno.test("balancedFetch() goes to another instance with whatever has not been sent", async () => {
  const { fetch, called } = payment({ "a:1": unreachable }, two);
  for (let call = 0; call < 3; call++) {
    equal((await fetch("https://payment/x", { method: "POST", body: "{}" })).status, 200);
  }
  equal(called.filter((url) => url.startsWith("https://a:1")).length, 1);
});

Deno.test("balancedFetch() repeats a GET whose connection broke, and never a POST or a stream", async () => {
  const failing = { "a:1": broken };
  const get = payment(failing, two);
  await get.fetch("https://payment/");
  equal(get.called.length, 2);
  const post = payment(failing, two);
  await rejects(post.fetch("https://payment/", { method: "POST" }), broken);
  equal(post.called.length, 1);
  const stream = payment({ "a:1": unreachable }, two);
  const body = new Blob(["x"]).stream();
  await rejects(stream.fetch("https://payment/", { method: "PUT", body }), unreachable);
  equal(stream.called.length, 1);
});

Deno.test("balancedFetch() asks a lone instance once, and passes on whatever else goes wrong", async () => {
  const lone = payment({ "a:1": unreachable }, ["https://a:1"]);
  await rejects(lone.fetch("https://payment/"), unreachable);
  equal(lone.called.length, 1);
  const late = new DOMException("late", "TimeoutError");
  const slow = payment({ "a:1": late }, two);
  await rejects(slow.fetch("https://payment/"), late);
  equal(slow.called.length, 1);
});

Deno.test("balancedFetch() says so when it knows no instance", async () => {
  const { fetch } = payment({}, []);
  await rejects(fetch("https://payment/"), {
    name: "ConnectionError",
    message: 'Cannot call "payment": no instance of it is known',
  });
});

Deno.test("balancedFetch() does not go elsewhere for a caller that has left", async () => {
  const leaving = new AbortController();
  const { fetch, called } = payment({ "a:1": unreachable }, two);
  leaving.abort();
  await rejects(fetch("https://payment/", { signal: leaving.signal }), unreachable);
  equal(called.length, 1);
});
