// Requests with endless headers or an endless target (CWE-770, CWE-400; RFC 6585, section 5; RFC 9110, section 15.5.15).
import { deepEqual, equal, match } from "node:assert/strict";
import { aListeningGateway, type ListeningGateway, sendBytes } from "./gateway_fixture.ts";
import { connectHttp2, type Fields } from "./http2_frames.ts";
import { within } from "./tls_fixture.ts";

const targetBytesMax = 8_192;
const headersMax = 100;
const headerBytesMax = 16_384;

async function ask(
  gateway: ListeningGateway,
  target: string,
  headers = "",
): Promise<{ readonly status: number; readonly heard: string }> {
  const head =
    `GET ${target} HTTP/1.1\r\nHost: ${gateway.host}\r\nConnection: close\r\n${headers}\r\n`;
  const { statuses: [status = 0], heard } = await sendBytes(gateway, head);
  return { status, heard };
}

/** So many headers of one letter. `Host` and `Connection` are two more. */
function many(count: number): string {
  return Array.from({ length: count }, (_, at) => `X-${at}: a\r\n`).join("");
}

Deno.test("A target is answered up to targetBytesMax, and is 414 from there on", async () => {
  await using gateway = await aListeningGateway();
  const path = (bytes: number) => `/public/${"a".repeat(bytes - "/public/".length)}`;
  equal((await ask(gateway, path(targetBytesMax))).status, 200);
  const long = await ask(gateway, path(targetBytesMax + 1));
  equal(long.status, 414);
  match(long.heard, /urn:sallyport:problem:target-too-long/);
  equal((await ask(gateway, `/public?${"a".repeat(targetBytesMax)}`)).status, 414);
  equal((await ask(gateway, path(60_000))).status, 414);
  equal((await ask(gateway, `/nowhere/${"%41".repeat(10_000)}`)).status, 414);
  equal(gateway.upstream.requests.length, 1);
});

Deno.test("A request has up to headersMax headers, and is 431 from there on", async () => {
  await using gateway = await aListeningGateway();
  equal((await ask(gateway, "/public", many(headersMax - 2))).status, 200);
  const flood = await ask(gateway, "/public", many(headersMax - 1));
  equal(flood.status, 431);
  match(flood.heard, /urn:sallyport:problem:headers-too-large/);
  equal(gateway.upstream.requests.length, 1);
});

Deno.test("Headers have up to headerBytesMax, in one or in many, and are 431 from there on", async () => {
  await using gateway = await aListeningGateway();
  equal((await ask(gateway, "/public", `X: ${"a".repeat(headerBytesMax - 100)}\r\n`)).status, 200);
  const floods = [
    `X: ${"a".repeat(headerBytesMax)}\r\n`,
    `X: ${"a".repeat(60_000)}\r\n`,
    `X: ${"a".repeat(500)}\r\n`.repeat(40),
    `Cookie: ${"a".repeat(500)}\r\n`.repeat(40),
    `${"x".repeat(headerBytesMax)}: a\r\n`,
  ];
  for (const flood of floods) equal((await ask(gateway, "/public", flood)).status, 431);
  equal(gateway.upstream.requests.length, 1);
});

Deno.test("Heads beyond what the runtime reads are refused by it, soon", async () => {
  await using gateway = await aListeningGateway();
  const answers = await within(
    10_000,
    Promise.all([
      ask(gateway, `/public/${"a".repeat(1_000_000)}`),
      ask(gateway, "/public", `X: ${"a".repeat(1_000_000)}\r\n`),
      ask(gateway, "/public", many(50_000)),
      ask(gateway, "/public", `X: a\r\n`.repeat(100_000)),
      ask(gateway, "/public", "\r".repeat(100_000)),
      sendBytes(gateway, "G".repeat(1_000_000)).then(({ statuses: [status = 0] }) => ({ status })),
    ]),
  );
  const wrong = answers.filter(({ status }) => ![0, 400, 414, 431].includes(status));
  deepEqual(wrong, []);
  equal(gateway.upstream.bytes, "");
  equal(await gateway.isWell(), true);
});

Deno.test("The same limits hold in HTTP/2, by us or by the runtime", async () => {
  await using gateway = await aListeningGateway();
  const of = (path: string, more: Fields = []): Fields => [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", gateway.host],
    [":path", path],
    ...more,
  ];
  const headers = (count: number): Fields =>
    Array.from({ length: count }, (_, at) => [`x-${at}`, "a"] as const);
  const cases: readonly (readonly [Fields, status: number])[] = [
    [of("/public"), 200],
    [of(`/public?${"a".repeat(targetBytesMax)}`), 414],
    [of("/public", headers(headersMax - 1)), 200],
    [of("/public", headers(headersMax + 1)), 431],
    [of("/public", headers(1_000)), 431],
    [of("/public", headers(60).map(([name]) => [name, "a".repeat(250)])), 431],
  ];
  for (const [fields, status] of cases) {
    await using client = await connectHttp2(gateway);
    client.headers(1, fields);
    await within(4_000, client.until(() => client.ended.has(1)));
    equal(client.statuses.get(1), status);
  }
  equal(gateway.upstream.requests.length, 2);
});
