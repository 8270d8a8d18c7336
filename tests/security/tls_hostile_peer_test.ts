import { deepEqual, equal, rejects } from "node:assert/strict";
import type net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { messageLimits } from "platform/http1";
import { ConnectionError, openPeerFetch, type PeerFetch } from "platform/tls";
import { ordersId } from "./tls_call_fixture.ts";
import { aPair, TestIdentity, within } from "./tls_fixture.ts";

interface RawPeer extends AsyncDisposable, Pick<PeerFetch, "fetch"> {
  readonly url: string;
  /** What each connection has heard, in the order in which they were opened. */
  readonly heard: readonly string[];
}

/** A peer of ours that says `answers` to the requests of each connection, one after the other, and then hangs up. */
async function aRawPeer(answers: readonly string[]): Promise<RawPeer> {
  const { ca, identity, gateway } = await aPair();
  const heard: string[] = [];
  const sockets = new Set<TLSSocket>();
  const { cert, key } = identity.material;
  const server = tls.createServer({ cert, key }, (socket) => {
    const at = heard.push("") - 1;
    let asked = 0;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard[at] += bytes.toString("latin1");
      if (!isWhole(heard[at]!)) return;
      const answer = answers[asked++];
      if (answer === undefined) socket.destroy();
      else if (answer.endsWith("<end>")) socket.end(answer.slice(0, -"<end>".length), "latin1");
      else socket.write(answer, "latin1");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const identityOfOurs = new TestIdentity(gateway, ca);
  const peer = openPeerFetch({ identity: identityOfOurs, peer: ordersId, timeoutMs: 5_000 });
  return {
    fetch: peer.fetch,
    url: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}/`,
    heard,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Requests of these tests have no body, or one that ends with an exclamation mark, or in chunks. */
function isWhole(request: string): boolean {
  if (request.includes("transfer-encoding: chunked\r\n")) return request.endsWith("0\r\n\r\n");
  return /(?:GET[^]*\r\n\r\n|!)$/.test(request);
}

const ok = "HTTP/1.1 200 OK\r\n";

Deno.test("An answer that can be read in two ways is no answer, and is not asked for again", async () => {
  const hostile = [
    `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\nok`,
    `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${ok}content-length: two\r\n\r\nok`,
    `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `${ok}a: 1\r\n folded\r\ncontent-length: 2\r\n\r\nok`,
    `${ok}a: 1\ncontent-length: 2\r\n\r\nok`,
    "HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    "hello\r\n\r\n",
    `${ok}a: ${"1".repeat(messageLimits.headBytesMax)}\r\n\r\n`,
  ];
  for (const answer of hostile) {
    await using peer = await aRawPeer([answer]);
    await rejects(
      within(5_000, peer.fetch(peer.url)),
      (thrown) => thrown instanceof ConnectionError && !thrown.isUnsent,
      JSON.stringify(answer.slice(0, 80)),
    );
    equal(peer.heard.length, 1);
  }
});

Deno.test("A body that breaks off fails for its reader, however its end was to be told", async () => {
  const bodies = [
    `${ok}content-length: 5\r\n\r\nhel<end>`,
    `${ok}content-length: 100000\r\n\r\nhel<end>`,
    `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhel<end>`,
    `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n<end>`,
    `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhelloX\r\n`,
  ];
  for (const body of bodies) {
    await using peer = await aRawPeer([body]);
    const response = await within(5_000, peer.fetch(peer.url));
    equal(response.status, 200);
    await rejects(within(5_000, response.bytes()), TypeError, body);
  }
});

Deno.test("A body without a length ends with its connection", async () => {
  await using peer = await aRawPeer([`${ok}\r\nto the end<end>`]);
  equal(await (await within(5_000, peer.fetch(peer.url))).text(), "to the end");
});

Deno.test("Interim answers and trailers are passed over, and the connection serves the next call", async () => {
  await using peer = await aRawPeer([
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: 1\r\n\r\n${ok}` +
    "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: 1\r\n\r\n",
    `${ok}content-length: 4\r\n\r\nnext`,
  ]);
  const first = await within(5_000, peer.fetch(peer.url));
  equal(await first.text(), "ok");
  equal(first.headers.get("a"), null);
  equal(await (await within(5_000, peer.fetch(peer.url))).text(), "next");
  equal(peer.heard.length, 1);
});

Deno.test("What comes behind an answer is nobody's: the next call has a connection of its own", async () => {
  const smuggled = `${ok}content-length: 2\r\n\r\nno`;
  const answers = [
    `${ok}content-length: 2\r\n\r\nok${smuggled}`,
    `${ok}content-length: 2\r\nconnection: close\r\n\r\nok`,
    "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
  ];
  for (const answer of answers) {
    await using peer = await aRawPeer([answer]);
    for (const _ of [1, 2]) {
      equal(await (await within(5_000, peer.fetch(peer.url))).text(), "ok");
    }
    equal(peer.heard.length, 2, answer);
  }
});

Deno.test("Answers without a body leave their connection to the next call, whatever length they tell", async () => {
  const length = "content-length: 5\r\n\r\n";
  await using peer = await aRawPeer([
    `HTTP/1.1 204 No Content\r\n${length}`,
    `HTTP/1.1 304 Not Modified\r\n${length}`,
    `${ok}content-length: 2\r\n\r\nok`,
  ]);
  const statuses: number[] = [];
  for (const _ of [1, 2, 3]) {
    const response = await within(5_000, peer.fetch(peer.url));
    statuses.push(response.status);
    await response.text();
  }
  deepEqual(statuses, [204, 304, 200]);
  equal(peer.heard.length, 1);
});

Deno.test("A call goes out as one head that no value can break out of, with its body behind it", async () => {
  await using peer = await aRawPeer([`${ok}content-length: 0\r\n\r\n`]);
  const headers: [string, string][] = [["A", "1"], ["connection", "x"], [
    "Transfer-Encoding",
    "gzip",
  ]];
  await within(5_000, peer.fetch(`${peer.url}a?b#c`, { method: "POST", body: "\xe9!", headers }));
  const [, head, body] = /^([^]*?\r\n\r\n)([^]*)$/.exec(peer.heard[0]!)!;
  const { host } = new URL(peer.url);
  equal(
    head,
    `POST /a?b HTTP/1.1\r\nhost: ${host}\r\na: 1\r\ncontent-type: text/plain;charset=UTF-8\r\n` +
      "content-length: 3\r\n\r\n",
  );
  equal(body, "\xc3\xa9!");
  for (const value of ["1\r\nb: 2", "1\nb: 2", "\0", "\u0100"]) {
    await rejects(peer.fetch(peer.url, { headers: [["a", value]] }), TypeError);
    await rejects(peer.fetch(peer.url, { headers: { a: value } }), TypeError);
  }
  await rejects(peer.fetch(peer.url, { headers: [["a b", "1"]] }), TypeError);
  await rejects(peer.fetch(peer.url, { method: "G T" }), TypeError);
});

Deno.test("A stream goes out in chunks, or by the length it was given", async () => {
  const stream = () => new Blob(["hello", "!"]).stream();
  await using chunked = await aRawPeer([`${ok}content-length: 0\r\n\r\n`]);
  const call = chunked.fetch(chunked.url, { method: "POST", body: stream() });
  await within(5_000, call);
  equal(/transfer-encoding: chunked\r\n/.test(chunked.heard[0]!), true);
  await using measured = await aRawPeer([`${ok}content-length: 0\r\n\r\n`]);
  const headers = { "content-length": "6" };
  await within(5_000, measured.fetch(measured.url, { method: "POST", body: stream(), headers }));
  equal(measured.heard[0]!.endsWith("content-length: 6\r\n\r\nhello!"), true);
  await rejects(
    measured.fetch(measured.url, {
      method: "POST",
      body: stream(),
      headers: { "content-length": "6, 6" },
    }),
    TypeError,
  );
});
