/**
 * Asks the Admin API as operators' containers do: `admin_api.ts <token> <ca>`, with a token of somebody who may
 * pay, and the CA's certificate as text. Leaves the gateway with nothing but what it has made. Ends with 1 at the first answer that is not as
 * it must be.
 */
const adminUrl = "http://kong:8001";
const edgeUrl = "https://gateway:8443";
const timeoutMs = 5_000;

type Step = readonly [status: number, method: string, path: string, ...fields: string[]];

/** By curl, each of these is a line with `-d` before each field. */
const steps: readonly Step[] = [
  [200, "GET", "/status"],
  [201, "POST", "/config", 'config=_format_version: "3.0"'],
  [201, "POST", "/services", "name=payment-service", "url=https://payment-service:3000"],
  [201, "POST", "/services/payment-service/routes", "paths[]=/payments", "methods[]=POST"],
  [201, "POST", "/services/payment-service/plugins", "name=jwt"],
  [
    201,
    "POST",
    "/services/payment-service/plugins",
    "name=rate-limiting",
    "config.second=5",
    "config.hour=1000",
    "config.policy=redis",
    "config.redis_host=redis-host",
  ],
  [201, "POST", "/plugins", "name=prometheus"],
  [201, "POST", "/services", "name=short-lived", "url=https://short-lived:3000"],
  [204, "DELETE", "/services/short-lived"],
  [404, "GET", "/services/short-lived"],
];

/** @throws when it is another, with what was said. */
async function expectStatus(status: number, what: string, response: Response): Promise<void> {
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`Cannot go on: ${what} was ${response.status}, not ${status}: ${text}`);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${status} ${what}\n`));
}

async function ask([status, method, path, ...fields]: Step): Promise<void> {
  const pairs = fields.map((field): [string, string] => {
    const at = field.indexOf("=");
    return [field.slice(0, at), field.slice(at + 1)];
  });
  const response = await fetch(`${adminUrl}${path}`, {
    method,
    ...method === "POST" && { body: new URLSearchParams(pairs) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  await expectStatus(status, `${method} ${adminUrl}${path}`, response);
}

const [token = "", ca = ""] = Deno.args;
using client = Deno.createHttpClient({ caCerts: [ca] });

/** Pays an order that does not exist: 422 says that the payment service itself has answered. */
async function pay(status: number, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const order = { orderId: crypto.randomUUID(), amountMinor: 100, currency: "EUR" };
  const response = await fetch(`${edgeUrl}/payments`, {
    client,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": crypto.randomUUID(),
      ...headers,
    },
    body: JSON.stringify({ ...order, paymentMethod: "pm_card_visa" }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  await expectStatus(status, `POST ${edgeUrl}/payments`, response);
}

for (const step of steps) await ask(step);
await pay(401);
await pay(422, { authorization: `Bearer ${token}` });
