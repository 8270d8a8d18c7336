import { equal, throws } from "node:assert/strict";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import { latin1, messageLimits, wireBytes } from "./mod.ts";

/** What `text` decodes to, fed in pieces of `size`; and what came behind it. */
function decode(text: string, size = text.length, limits = messageLimits) {
  let body = "";
  let rest = "";
  const decoder = new ChunkedDecoder(limits, (data) => void (body += latin1(data)));
  for (let at = 0; at < text.length; at += size) {
    const piece = text.slice(at, at + size);
    rest += piece.slice(decoder.feed(wireBytes(piece)));
  }
  return { body, rest, isOver: decoder.isOver };
}

Deno.test("A chunked body is put together however it arrives, and ends where its last chunk does", () => {
  const text = '5\r\nhello\r\n06;x="y"\r\n world\r\n0\r\nx-sum: 1\r\n\r\nGET / HTTP/1.1';
  for (const size of [1, 2, 3, 7, text.length]) {
    const { body, rest, isOver } = decode(text, size);
    equal(body, "hello world");
    equal(rest, "GET / HTTP/1.1");
    equal(isOver, true);
  }
  equal(decode("0\r\n\r\n").isOver, true);
  equal(decode("0\r\n\r").isOver, false);
  equal(decode("5\r\nhel").isOver, false);
});

Deno.test("What is no chunk is refused", () => {
  const hostile = [
    "5\nhello\r\n0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhelloo\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n",
    "+5\r\nhello\r\n",
    "-5\r\nhello\r\n",
    " 5\r\nhello\r\n",
    "5 \r\nhello\r\n",
    "g\r\n",
    "\r\n",
    ";x\r\n",
    "5;\x00\r\nhello\r\n",
    "fffffffffffff\r\n",
    "0\r\nno trailer\r\n\r\n",
    "0\r\n folded: 1\r\n\r\n",
    "0\r\na: 1\n\r\n",
  ];
  for (const text of hostile) {
    throws(() => decode(text), { fault: "malformed" }, JSON.stringify(text));
  }
});

Deno.test("A chunk's size and a trailer are no longer than they may be, though they arrive byte by byte", () => {
  const limits = { ...messageLimits, chunkLineBytesMax: 8, trailerBytesMax: 9 };
  equal(decode("1;abc\r\nx\r\n0\r\na: 12\r\n\r\n", 1, limits).isOver, true);
  for (const size of [1, 100]) {
    throws(() => decode("1;abcdefgh\r\n", size, limits), { fault: "malformed" });
    throws(() => decode("0\r\na: 1\r\nb: 2\r\n", size, limits), { fault: "fieldsTooLarge" });
  }
});
