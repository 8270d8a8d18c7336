import { deepEqual, equal, throws } from "node:assert/strict";
import { latin1, MessageError, messageLimits, ResponseReader, wireBytes } from "./mod.ts";

/** What a reader tells of `text` that comes in pieces of `size`, as the response to `method`. */
function read(text: string, { method = "GET", size = text.length, closes = false } = {}) {
  const told = { statuses: [] as number[], body: "", isReusable: undefined as boolean | undefined };
  const reader = new ResponseReader(method, messageLimits, {
    head: ({ status }) => void told.statuses.push(status),
    piece: (bytes) => void (told.body += latin1(bytes)),
    end: (isReusable) => void (told.isReusable = isReusable),
  });
  for (let at = 0; at < text.length; at += size) reader.feed(wireBytes(text.slice(at, at + size)));
  const isWhole = closes && reader.closed();
  return { ...told, isWhole };
}

const ok = "HTTP/1.1 200 OK\r\n";

Deno.test("A response is read however it arrives, and its connection used again", () => {
  for (const size of [1, 5, 1_000]) {
    const whole = { statuses: [200], body: "hello", isReusable: true, isWhole: false };
    deepEqual(read(`${ok}content-length: 5\r\n\r\nhello`, { size }), whole);
    const chunked = `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: 1\r\n\r\n`;
    deepEqual(read(chunked, { size }), whole);
  }
});

Deno.test("Interim responses are passed over, but not for ever, and no other protocol is taken up", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
  const { statuses, body } = read(`${interim}${interim}${ok}content-length: 2\r\n\r\nok`);
  deepEqual(statuses, [200]);
  equal(body, "ok");
  throws(() => read(interim.repeat(17)), MessageError);
  throws(() => read("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"), MessageError);
});

Deno.test("What has no body by nature has none, whatever its head says", () => {
  const length = "content-length: 5\r\n\r\n";
  equal(read(`${ok}${length}`, { method: "HEAD" }).isReusable, true);
  equal(read(`HTTP/1.1 204 No Content\r\n${length}`).isReusable, true);
  equal(read(`HTTP/1.1 304 Not Modified\r\n${length}`).isReusable, true);
});

Deno.test("A response without a length is whole when its connection ends, and others are not", () => {
  const open = read(`${ok}\r\nhello`, { closes: true });
  deepEqual(open, { statuses: [200], body: "hello", isReusable: false, isWhole: true });
  equal(read(`${ok}content-length: 6\r\n\r\nhello`, { closes: true }).isWhole, false);
  const cut = `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`;
  equal(read(cut, { closes: true }).isWhole, false);
});

Deno.test("A connection is not used again when the server says so, or says more than was asked", () => {
  const length = "content-length: 2\r\n";
  equal(read(`${ok}${length}connection: close\r\n\r\nok`).isReusable, false);
  equal(read(`HTTP/1.0 200 OK\r\n${length}\r\nok`).isReusable, false);
  const smuggled = `${ok}${length}\r\nok${ok}${length}\r\nno`;
  deepEqual(read(smuggled), { statuses: [200], body: "ok", isReusable: false, isWhole: false });
});

Deno.test("What is no response is refused", () => {
  const hostile = [
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 99 Low\r\n\r\n",
    "HTTP/1.1 600 High\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 200 \x00\r\n\r\n",
    "hello\r\n\r\n",
    `${ok}content-length: 1\r\ncontent-length: 1\r\n\r\n`,
    `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    `${ok}content-length: x\r\n\r\n`,
    `${ok}a: 1\r\n folded\r\n\r\n`,
    `${ok}a: 1\nb: 2\r\n\r\n`,
    `${ok}transfer-encoding: chunked\r\n\r\nx\r\n`,
  ];
  for (const text of hostile) throws(() => read(text), MessageError, JSON.stringify(text));
  throws(() => read(`${ok}a: ${"1".repeat(messageLimits.headBytesMax)}`), {
    fault: "fieldsTooLarge",
  });
});
