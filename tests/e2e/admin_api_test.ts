import { deepEqual, equal, ok } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { askAs } from "../fixtures/ask_as.ts";
import { eventually } from "../fixtures/eventually.ts";
import { call, openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The Admin API in plain HTTP, asked by a form as curl's `-d` sends it. */
async function admin(
  { credentials: { adminUrl } }: TestPlatform,
  [method, path, ...fields]: readonly [string, string, ...string[]],
): Promise<Answer> {
  const pairs = fields.map((field): [string, string] => {
    const at = field.indexOf("=");
    return [field.slice(0, at), field.slice(at + 1)];
  });
  const response = await fetch(`${adminUrl}${path}`, {
    method,
    ...method !== "GET" && method !== "DELETE" && { body: new URLSearchParams(pairs) },
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

const unknownOrder = {
  orderId: crypto.randomUUID(),
  amountMinor: 100,
  currency: "EUR",
  paymentMethod: "pm_card_visa",
};

/** Pays an order that does not exist: 422 says that the payment service itself has answered. */
async function pay(platform: TestPlatform, token?: string): Promise<number> {
  const { status } = await call(platform, "/payments", {
    method: "POST",
    ...token !== undefined && { token },
    body: unknownOrder,
    headers: { "idempotency-key": crypto.randomUUID() },
  });
  return status;
}

async function becomeEmpty({ credentials: { adminUrl } }: TestPlatform): Promise<void> {
  const response = await fetch(`${adminUrl}/config`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ config: '_format_version: "3.0"\n' }),
  });
  equal(response.status, 201);
  await response.body?.cancel();
}

const steps: readonly (readonly [string, string, ...string[]])[] = [
  ["POST", "/services", "name=payment-service", "url=https://payment-service:3000"],
  ["POST", "/services/payment-service/routes", "paths[]=/payments", "methods[]=POST"],
  ["POST", "/services/payment-service/plugins", "name=jwt"],
  [
    "POST",
    "/services/payment-service/plugins",
    "name=rate-limiting",
    "config.second=5",
    "config.hour=1000",
    "config.policy=redis",
    "config.redis_host=redis-host",
  ],
];

Deno.test("the Admin API of a running platform: a service, a route and a limit hold at once and outlive a kill", async () => {
  await using platform = await openTestPlatform();
  const token = await platform.tokenOf("paula");
  await becomeEmpty(platform);
  equal((await call(platform, "/products")).status, 404);
  for (const step of steps) equal((await admin(platform, step)).status, 201, step.join(" "));
  equal(await pay(platform), 401);
  equal(await pay(platform, token), 422);
  const burst = await Promise.all(Array.from({ length: 12 }, () => pay(platform, token)));
  deepEqual([...new Set(burst)].toSorted(), [422, 429]);

  platform.supervisor.kill("gateway");
  await eventually("the gateway is back with what it was told", async () => {
    const back = await admin(platform, ["GET", "/services"]).catch(() => undefined);
    return (back?.body.data as unknown[] | undefined)?.length === 1;
  });
  equal(await pay(platform), 401);
  equal((await call(platform, "/products")).status, 404);
});

Deno.test("client certificates and figures, demanded by the Admin API, hold on the route", async () => {
  await using platform = await openTestPlatform();
  const { dir, ports } = platform;
  const token = await platform.tokenOf("paula");
  await becomeEmpty(platform);
  for (const step of steps) equal((await admin(platform, step)).status, 201, step.join(" "));
  const mtls = (id: string) =>
    admin(platform, ["POST", "/plugins", "name=mtls-auth", `config.ca_certificates=${id}`]);
  const literal = await mtls("ca-cert-id");
  deepEqual([literal.status, literal.body.fields], [400, {
    config: { ca_certificates: ["expected a valid UUID"] },
  }]);
  const cert = await Deno.readTextFile(`${dir}/tls/ca.pem`);
  const ca = await admin(platform, ["POST", "/ca_certificates", `cert=${cert}`]);
  equal(ca.status, 201);
  equal((await mtls(ca.body.id as string)).status, 201);
  equal((await admin(platform, ["POST", "/plugins", "name=prometheus"])).status, 201);

  const plain = await call(platform, "/payments", { method: "POST", token, body: unknownOrder });
  deepEqual([plain.status, plain.body], [401, { message: "No required TLS certificate was sent" }]);
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "idempotency-key": crypto.randomUUID(),
  };
  const url = `https://localhost:${ports.gatewayMtls}/payments`;
  const init = { method: "POST", headers, body: JSON.stringify(unknownOrder) };
  equal((await askAs(dir, "operator", url, init)).status, 422);

  await ensureCertificates(`${dir}/tls`, ["prometheus"], new Date());
  const metrics = `https://localhost:${ports.gatewayAdminTls}/metrics`;
  const figures = await askAs(dir, "prometheus", metrics);
  equal(figures.status, 200);
  ok(
    /^http_server_request_duration_seconds_count\{.*status="422".*\} 1$/m.test(figures.text),
    figures.text,
  );
  equal((await askAs(dir, "prometheus", metrics.replace("metrics", "services"))).status, 403);
});

Deno.test("the Admin API over mutual TLS is for operators, and for no program", async () => {
  await using platform = await openTestPlatform();
  const url = `https://localhost:${platform.ports.gatewayAdminTls}/services`;
  const asked = async (program: string) => (await askAs(platform.dir, program, url)).status;
  deepEqual([await asked("operator"), await asked("orders")], [200, 403]);
});

Deno.test("pages in a browser, and names that lead here from elsewhere, have no use of the Admin API", async () => {
  await using platform = await openTestPlatform();
  const { adminUrl } = platform.credentials;
  const { port } = new URL(adminUrl);
  const page = await fetch(`${adminUrl}/services`, { headers: { origin: "https://evil.example" } });
  await page.body?.cancel();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = "GET /services HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const rebound = await new Response(connection.readable).text();
  equal(page.status, 403);
  ok(rebound.startsWith("HTTP/1.1 403"));
});
