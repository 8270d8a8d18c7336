// Headers that are begun and never ended, or end late: Slowloris (CWE-400, CWE-772; RFC 9113, section 10.5).
import { deepEqual, equal } from "node:assert/strict";
import { aListeningGateway, type ListeningGateway } from "./gateway_fixture.ts";
import { connectHttp2, fieldBlock, frame, frameTypes } from "./http2_frames.ts";
import { connect, type TestClient, within } from "./tls_fixture.ts";

const limits = { headersTimeoutMs: 150, idleTimeoutMs: 400 };

/** Writes `text` every 20 ms until `over` settles. */
async function drip(client: TestClient, text: string, over: Promise<unknown>): Promise<void> {
  const dripping = setInterval(() => client.send(text), 20);
  try {
    await within(4_000, over);
  } finally {
    clearInterval(dripping);
  }
}

/** The service was not asked, and somebody who behaves is answered. */
async function isUnharmed(gateway: ListeningGateway): Promise<void> {
  equal(gateway.upstream.bytes, "");
  equal(await gateway.isWell(), true);
}

Deno.test("Half a head, in any place, closes the connection at headersTimeoutMs", async () => {
  await using gateway = await aListeningGateway({ limits });
  const { host } = gateway;
  const halves = [
    "G",
    "GET /public/x",
    "GET /public/x HTTP/1.1\r\n",
    `GET /public/x HTTP/1.1\r\nHost: ${host}\r\n`,
    `GET /public/x HTTP/1.1\r\nHost: ${host}\r\n\r`,
    "\r\n",
  ];
  const heard = await Promise.all(halves.map(async (half) => {
    await using client = await gateway.connect();
    client.send(half);
    await within(4_000, client.closed());
    return client.heard;
  }));
  deepEqual(heard, halves.map(() => ""));
  await isUnharmed(gateway);
});

Deno.test("Heads that drip gain nothing by each drop, and do not keep others waiting", async () => {
  await using gateway = await aListeningGateway({ limits });
  const start = `GET /public/x HTTP/1.1\r\nHost: ${gateway.host}\r\n`;
  const drops = ["x", "X-A: b\r\n", "X-A: b\n"];
  await Promise.all([...drops, ...drops].map(async (drop) => {
    await using client = await gateway.connect();
    client.send(start);
    await drip(client, drop, client.closed());
  }));
  await isUnharmed(gateway);
});

Deno.test("Empty lines before a request are no request", async () => {
  await using gateway = await aListeningGateway({ limits });
  await using client = await gateway.connect();
  await drip(client, "\r\n", client.closed());
  await isUnharmed(gateway);
});

Deno.test("A connection that agrees to HTTP/2 and says little is closed at idleTimeoutMs", async () => {
  await using gateway = await aListeningGateway({ limits });
  await using client = await connectHttp2(gateway);
  await within(4_000, client.until(() => false));
  equal(client.isClosed, true);
});

Deno.test("Headers of HTTP/2 that go on and on by CONTINUATION are cut off at idleTimeoutMs", async () => {
  await using gateway = await aListeningGateway({ limits });
  await using client = await connectHttp2(gateway);
  const block = fieldBlock([[":method", "GET"], [":scheme", "https"], [":path", "/public/x"]]);
  client.send(frame(frameTypes.headers, 0, 1, block));
  const more = frame(frameTypes.continuation, 0, 1, fieldBlock([["x-a", "b"]]));
  const dripping = setInterval(() => client.isClosed || client.send(more), 20);
  try {
    await within(4_000, client.until(() => false));
  } finally {
    clearInterval(dripping);
  }
  await isUnharmed(gateway);
});

Deno.test("Who agrees to one version of HTTP and speaks the other gains no time", async () => {
  await using gateway = await aListeningGateway({ limits });
  const { host } = gateway;
  const half = `GET /public/x HTTP/1.1\r\nHost: ${host}\r\n`;
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  await using first = await connect(gateway, { ca: gateway.ca, ALPNProtocols: ["h2"] });
  await using second = await connect(gateway, { ca: gateway.ca, ALPNProtocols: ["http/1.1"] });
  first.send(half);
  second.send(preface);
  await Promise.all([
    drip(first, "X-A: b\r\n", first.closed()),
    drip(second, "\0\0\0\x06\0\0\0\0\0", second.closed()),
  ]);
  await isUnharmed(gateway);
});
