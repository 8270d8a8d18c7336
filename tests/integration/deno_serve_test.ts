import { deepEqual, equal } from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";

const root = new URL("../../", import.meta.url).pathname;

type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

Deno.test("orders is a plain fetch handler, and runs under `deno serve`", async () => {
  await using served = await serve("orders", []);
  const { fetch } = served;
  const { items: [product] } = await (await fetch("/products")).json();
  equal(product.name, "Tea");
  const headers = { ...as("ada:customer"), ...json, "idempotency-key": "first" };
  const lines = [{ productId: product.id, quantity: 1 }];
  const body = JSON.stringify({ lines, paymentMethod: "pm_card_visa" });
  const placed = await fetch("/orders", { method: "POST", headers, body });
  equal(placed.status, 201);
  const order = await placed.json();
  equal(order.status, "confirmed");
  equal((await fetch(`/orders/${order.id}`, { headers: as("eve:customer") })).status, 404);
  await isProblem(await fetch("/orders"), 401);
});

Deno.test("payment is a plain fetch handler, and runs under `deno serve`", async () => {
  await using served = await serve("payment", []);
  const { fetch } = served;
  const headers = { ...as("paula:payment"), ...json, "idempotency-key": "first" };
  const order = { orderId: crypto.randomUUID(), amountMinor: 900, currency: "EUR" };
  const body = JSON.stringify({ ...order, paymentMethod: "pm_card_visa" });
  const made = await fetch("/payments", { method: "POST", headers, body });
  equal(made.status, 201);
  equal((await made.json()).status, "succeeded");
  const balance = await fetch("/ledger/balance", { headers: as("audrey:auditor") });
  deepEqual((await balance.json()).items, [
    { currency: "EUR", debitsMinor: 900, creditsMinor: 900, differenceMinor: 0 },
  ]);
  await isProblem(await fetch("/payments"), 401);
});

Deno.test("auth is a plain fetch handler, and runs under `deno serve`", async () => {
  const rights = ["--allow-env", `--allow-read=${root}services/auth`];
  await using served = await serve("auth", rights);
  const { fetch } = served;
  const { keys } = await (await fetch("/oidc/jwks")).json();
  equal(keys.length, 1);
  equal(keys[0].d, undefined);
  const ada = { email: "ada@example.com", name: "Ada", password: "correct horse battery staple" };
  const signUp = { method: "POST", headers: json, body: JSON.stringify(ada) };
  equal((await fetch("/users", signUp)).status, 201);
  const secret = btoa("demo-machine:a-secret-of-the-demo-machine-client-0123456789");
  const granted = await fetch("/oidc/token", {
    method: "POST",
    headers: { authorization: `Basic ${secret}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  equal(granted.status, 200);
  const { access_token: token } = await granted.json();
  const users = await fetch("/users", { headers: { authorization: `Bearer ${token}` } });
  equal(users.status, 200);
  equal((await users.json()).items[0].email, ada.email);
  await isProblem(await fetch("/users"), 401);
});

Deno.test("the gateway is a plain fetch handler, and runs under `deno serve`", async () => {
  // The variables are asked for by the YAML parser.
  const rights = [`--allow-read=${root}gateway/gateway.yaml`, "--allow-env=LOG_STREAM,LOG_TOKENS"];
  await using served = await serve("gateway", rights);
  const { fetch } = served;
  equal((await fetch("/livez")).status, 204);
  const response = await fetch("/products?limit=1", { headers: { "x-user-id": "ada" } });
  equal(response.status, 200);
  const { peer, url, headers } = await response.json();
  equal(peer, "spiffe://sallyport/orders");
  equal(url, "https://orders.test/products?limit=1");
  const sent = new Headers(headers);
  equal(sent.get("x-forwarded-for"), "127.0.0.1");
  equal(sent.get("x-user-id"), null);
  await isProblem(await fetch("/nope"), 404);
  await isProblem(await fetch("/orders"), 401);
  await isProblem(await fetch("/orders", { method: "DELETE" }), 405);
  equal((await fetch("/orders", { headers: as("ada:customer") })).status, 200);
});

const json = { "content-type": "application/json" };

function as(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

async function isProblem(response: Response, status: number): Promise<void> {
  equal(response.status, status);
  equal(response.headers.get("content-type"), "application/problem+json");
  equal((await response.json()).status, status);
}

/** Serves `tests/fixtures/serve_<name>.ts` with these rights alone, until disposed of. */
async function serve(
  name: string,
  rights: readonly string[],
): Promise<AsyncDisposable & { readonly fetch: Fetch }> {
  const port = freePort();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--quiet",
      "--no-prompt",
      "--host=127.0.0.1",
      `--port=${port}`,
      ...rights,
      `${root}tests/fixtures/serve_${name}.ts`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(process.stderr).text();
  let isRunning = true;
  const ended = process.status.then((status) => {
    isRunning = false;
    return status;
  });
  const stop = async () => {
    if (isRunning) process.kill("SIGKILL");
    await ended;
    await said;
  };
  try {
    await eventually(`${name} listens`, async () => {
      if (!isRunning) throw new Error(`${name} ended: ${await said}`);
      return await listens(port);
    });
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const url = `http://127.0.0.1:${port}`;
  return { fetch: (path, init) => fetch(url + path, init), [Symbol.asyncDispose]: stop };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function listens(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.ConnectionRefused) return false;
    throw thrown;
  }
}
