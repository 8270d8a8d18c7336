import { equal, match, ok } from "node:assert/strict";
import { messageLimits } from "platform/http1";
import { anEdge, aPair, connect, within } from "./tls_fixture.ts";

/** What the edge says to `sent` on a connection of its own, and how often its handler was asked. */
async function answerTo(...sent: string[]): Promise<{ heard: string; asked: number }> {
  const { ca, identity } = await aPair();
  let asked = 0;
  await using edge = await anEdge({
    identity,
    async handler(request) {
      asked += 1;
      const text = await request.text().catch(() => "broken");
      return new Response(`${request.method} ${text}`, { status: text === "broken" ? 400 : 200 });
    },
  });
  await using client = await connect(edge, { ca: ca.pem.cert });
  for (const text of sent) client.socket.write(text, "latin1");
  await within(5_000, client.closed());
  return { heard: client.heard, asked };
}

const get = "GET / HTTP/1.1\r\nhost: a\r\n";
const post = "POST / HTTP/1.1\r\nhost: a\r\n";
const behind = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

const hostile: Readonly<Record<string, readonly [status: number, sent: string]>> = {
  "two ways to tell a length": [
    400,
    `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  "two lengths": [400, `${post}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`],
  "one length twice": [400, `${post}content-length: 1\r\ncontent-length: 1\r\n\r\nx`],
  "a length that is none": [400, `${post}content-length: +1\r\n\r\nx`],
  "two transfer codings": [
    400,
    `${post}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n`,
  ],
  "an unknown transfer coding": [501, `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
  "a folded field": [400, `${get}a: 1\r\n b\r\n\r\n`],
  "a space before the colon": [400, `${post}content-length : 1\r\n\r\nx`],
  "a line without CR": [400, "GET / HTTP/1.1\nhost: a\n\n"],
  "a field without CR": [400, `${get}a: 1\nb: 2\r\n\r\n`],
  "a NUL": [400, `${get}a: \0\r\n\r\n`],
  "no host": [400, "GET / HTTP/1.1\r\n\r\n"],
  "two hosts": [400, `${get}host: b\r\n\r\n`],
  "a target that is none": [400, "GET a HTTP/1.1\r\nhost: a\r\n\r\n"],
  "an unknown version": [400, "GET / HTTP/3.0\r\nhost: a\r\n\r\n"],
  "an unknown expectation": [417, `${post}expect: gold\r\ncontent-length: 1\r\n\r\nx`],
  "a request line that is too long": [
    414,
    `GET /${"a".repeat(messageLimits.startLineBytesMax)} HTTP/1.1\r\nhost: a\r\n\r\n`,
  ],
  "fields that are too large": [431, `${get}a: ${"1".repeat(messageLimits.headBytesMax)}`],
  "too many fields": [431, `${get}${"a: 1\r\n".repeat(messageLimits.fieldsMax)}\r\n`],
  "the preface of HTTP/2": [400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
};

for (const [what, [status, sent]] of Object.entries(hostile)) {
  Deno.test(`The edge refuses ${what}, says so, and reads nothing more of that connection`, async () => {
    const { heard, asked } = await answerTo(sent, behind);
    equal(asked, 0);
    match(heard, new RegExp(`^HTTP/1.1 ${status} .*\r\n`));
    match(heard, /\r\ncontent-type: application\/problem\+json\r\n/);
    match(heard, /\r\nconnection: close\r\n/);
    equal(heard.split("HTTP/1.1").length, 2);
  });
}

Deno.test("A body that is no chunks fails for whoever reads it, and the connection ends with the answer", async () => {
  const { heard, asked } = await answerTo(
    `${post}transfer-encoding: chunked\r\n\r\n`,
    "5\r\nhelloX\r\n",
    behind,
  );
  equal(asked, 1);
  match(heard, /^HTTP\/1.1 400 /);
  equal(heard.split("HTTP/1.1").length, 2);
});

Deno.test("The largest head that may be is read", async () => {
  const { heard, asked } = await answerTo(
    `${get}connection: close\r\na: ${"1".repeat(messageLimits.headBytesMax - 100)}\r\n\r\n`,
  );
  equal(asked, 1);
  ok(heard.startsWith("HTTP/1.1 200"));
});
