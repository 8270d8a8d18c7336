// Small bodies that unpack to large ones: the gateway passes them on as they are, or not at all (CWE-409).
import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateSync, gzipSync } from "node:zlib";
import {
  aListeningGateway,
  asksOf,
  type GatewayOptions,
  type ListeningGateway,
  sendBytes,
} from "./gateway_fixture.ts";
import { within } from "./tls_fixture.ts";

const unpackedBytes = 32 * 1024 ** 2;
const zeros = new Uint8Array(unpackedBytes);
/** One octet a character, as all bytes in these tests. */
const bomb = textOf(gzipSync(zeros));
const deflated = textOf(deflateSync(zeros));
const twice = textOf(gzipSync(gzipSync(zeros)));
const bombs: readonly (readonly [encoding: string, body: string])[] = [
  ["gzip", bomb],
  ["x-gzip", bomb],
  ["GZIP", bomb],
  ["deflate", deflated],
  ["gzip, gzip", twice],
  ["br", bomb],
  ["zstd", bomb],
  ["bomb", bomb],
];

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function post({ host }: ListeningGateway, path: string, headers: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n${body}`;
}

Deno.test("A packed body reaches the service as it came, byte by byte, with its encoding", async () => {
  await using gateway = await aListeningGateway();
  for (const [at, [encoding, body]] of bombs.entries()) {
    const headers = `Content-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n`;
    const { statuses } = await sendBytes(gateway, post(gateway, `/public/${at}-`, headers, body));
    const [request] = asksOf(gateway.upstream, `/${at}-`);
    const named = request?.headers.find(([name]) => name === "content-encoding")?.[1];
    deepEqual([statuses, named, request?.body === body], [[200], encoding, true], encoding);
  }
});

Deno.test("What a body is counted by is its bytes on the way, not what they unpack to", async () => {
  await using gateway = await aListeningGateway();
  const body = bomb.repeat(3);
  const headers = `Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n`;
  equal(body.length > 65_536, true);
  deepEqual((await sendBytes(gateway, post(gateway, "/public/x", headers, body))).statuses, [413]);
  equal(gateway.upstream.bytes, "");
});

Deno.test("A body that is packed for the way alone is refused, not unpacked", async () => {
  await using gateway = await aListeningGateway();
  for (const coding of ["gzip, chunked", "deflate, chunked", "gzip"]) {
    const body = `${bomb.length.toString(16)}\r\n${bomb}\r\n0\r\n\r\n`;
    const headers = `Transfer-Encoding: ${coding}\r\n`;
    const { statuses } = await sendBytes(gateway, post(gateway, "/public/x", headers, body));
    deepEqual(statuses, [501], coding);
  }
  equal(gateway.upstream.bytes, "");
});

/** A service that answers with each bomb, its length given or in chunks. */
const explosive: NonNullable<GatewayOptions["answer"]> = ({ line }) => {
  const [, at, way] = /\/public\/(\d)-(\w+)/.exec(line)!;
  const [encoding, body] = bombs[Number(at)]!;
  const head = `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\n`;
  return way === "length"
    ? `${head}content-length: ${body.length}\r\n\r\n${body}`
    : `${head}transfer-encoding: chunked\r\n\r\n${
      body.length.toString(16)
    }\r\n${body}\r\n0\r\n\r\n`;
};

Deno.test("A packed answer reaches the client as the service gave it, and the service is asked for none", async () => {
  await using gateway = await aListeningGateway({ answer: explosive });
  const { host, upstream } = gateway;
  for (const [at, [encoding, body]] of bombs.entries()) {
    for (const way of ["length", "chunks"]) {
      await using client = await gateway.connect();
      const heard: Uint8Array[] = [];
      client.socket.on("data", (bytes) => heard.push(bytes));
      const path = `/public/${at}-${way}`;
      client.send(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n`,
      );
      await within(4_000, client.closed());
      const text = Buffer.concat(heard).toString("latin1");
      const got = dechunked(text);
      const told = /^content-encoding: (.*)\r$/m.exec(text)?.[1];
      deepEqual([told, got === body], [encoding, true], path);
    }
  }
  const asked = upstream.requests.flatMap(({ headers }) =>
    headers.filter(([name]) => name === "accept-encoding").map(([, value]) => value)
  );
  deepEqual(new Set(asked), new Set(["identity"]));
});

/** The body of an answer, its chunks joined. */
function dechunked(answer: string): string {
  const bodyAt = answer.indexOf("\r\n\r\n") + 4;
  if (!/^transfer-encoding: chunked\r$/im.test(answer.slice(0, bodyAt))) {
    return answer.slice(bodyAt);
  }
  let body = "";
  for (let at = bodyAt;;) {
    const lineEnd = answer.indexOf("\r\n", at);
    const size = parseInt(answer.slice(at, lineEnd), 16);
    if (!(size > 0)) return body;
    body += answer.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
