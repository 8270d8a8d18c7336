// Bodies that are announced and come a byte at a time, or not at all: R.U.D.Y. (CWE-400, CWE-772).
import { equal, match } from "node:assert/strict";
import { aListeningGateway, asksOf, type ListeningGateway } from "./gateway_fixture.ts";
import { connectHttp2, type FrameClient } from "./http2_frames.ts";
import { type TestClient, within } from "./tls_fixture.ts";

const writeTimeoutMs = 200;

interface Drip {
  readonly piece: string;
  readonly everyMs: number;
}

/** Announces a body to `path` and drips it. @returns what was heard until the gateway hung up. */
async function dripTo(
  gateway: ListeningGateway,
  path: string,
  { framing, piece, everyMs }: Drip & { readonly framing: string },
): Promise<string> {
  await using client: TestClient = await gateway.connect();
  client.send(`POST ${path} HTTP/1.1\r\nHost: ${gateway.host}\r\n${framing}\r\n\r\n`);
  const dripping = setInterval(() => client.send(piece), everyMs);
  try {
    await within(8_000, client.hears("\r\n\r\n").catch(() => {}));
    return client.heard;
  } finally {
    clearInterval(dripping);
  }
}

Deno.test("A body of which no next piece comes is 408 at write_timeout", async () => {
  await using gateway = await aListeningGateway({ writeTimeoutMs });
  const drip = { framing: "Content-Length: 9", piece: "", everyMs: 5_000 };
  match(await dripTo(gateway, "/public/x", drip), /^HTTP\/1\.1 408 /);
  equal(gateway.upstream.bytes, "");
});

Deno.test("A body that drips in time for each piece is 408 all the same, at six write_timeouts", async () => {
  await using gateway = await aListeningGateway({ writeTimeoutMs });
  const begunMs = performance.now();
  const heard = await Promise.all([
    dripTo(gateway, "/public/x", { framing: "Content-Length: 60000", piece: "x", everyMs: 20 }),
    dripTo(gateway, "/public/x", {
      framing: "Transfer-Encoding: chunked",
      piece: "1\r\nx\r\n",
      everyMs: 20,
    }),
  ]);
  for (const one of heard) match(one, /^HTTP\/1\.1 408 /);
  const tookMs = performance.now() - begunMs;
  equal(tookMs >= 6 * writeTimeoutMs, true, `no earlier, but after ${tookMs} ms`);
  equal(gateway.upstream.bytes, "", "the service was not kept waiting");
  equal(await gateway.isWell(), true);
});

Deno.test("A body that comes slowly, but within its limits, goes on whole", async () => {
  await using gateway = await aListeningGateway({ writeTimeoutMs: 1_000 });
  await using client = await gateway.connect();
  const head = `POST /public/slow HTTP/1.1\r\nHost: ${gateway.host}\r\nContent-Length: 10\r\n\r\n`;
  client.send(head);
  let left = 10;
  const sending = setInterval(() => {
    client.send("x");
    if (--left === 0) clearInterval(sending);
  }, 20);
  await within(8_000, client.hears("\r\n\r\nok"));
  equal(asksOf(gateway.upstream, "slow")[0]!.body, "x".repeat(10));
});

Deno.test("A body that drips in frames of HTTP/2 ends at the same limit", async () => {
  await using gateway = await aListeningGateway({ writeTimeoutMs });
  await using client: FrameClient = await connectHttp2(gateway);
  client.headers(1, [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", gateway.host],
    [":path", "/public/x"],
  ], 0);
  const dripping = setInterval(() => client.isClosed || client.data(1, "x", 0), 20);
  try {
    await within(8_000, client.until(() => client.statuses.has(1) || client.ended.has(1)));
  } finally {
    clearInterval(dripping);
  }
  equal(client.statuses.get(1), 408);
  equal(gateway.upstream.bytes, "");
});

Deno.test("A body that nobody wants is not waited for: it is refused, and the connection ends", async () => {
  const limits = { headersTimeoutMs: 200, idleTimeoutMs: 300 };
  await using gateway = await aListeningGateway({ writeTimeoutMs, limits });
  const drip = { framing: "Content-Length: 60000", piece: "x", everyMs: 20 };
  const paths = ["/admin/x", "/nowhere"];
  const heard = await Promise.all(paths.map((path) => dripTo(gateway, path, drip)));
  for (const one of heard) match(one, /^HTTP\/1\.1 40[14] /);
  equal(gateway.upstream.bytes, "");
});
