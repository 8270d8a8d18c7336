// Request smuggling by what stands in and around chunks: sizes, extensions, ends, trailers (RFC 9112, section 7.1; CWE-444).
import { deepEqual, equal } from "node:assert/strict";
import { asksOf, sendBytes } from "./gateway_fixture.ts";
import {
  anImpatientGateway,
  areRefused,
  type Attack,
  becomeOne,
  chunked,
  chunkOf,
  noChunks,
} from "./smuggling_fixture.ts";

const sizes = [
  "0x5",
  "+5",
  "-5",
  "",
  "zz",
  "5g",
  "5_0",
  "5.",
  "5\x00",
  "5\x0b",
  "\x0c5",
  "\xb5",
  "5 5",
  "FFFFFFFFFFFFFFFFF",
  "10000000000000005",
  "0".repeat(300) + "g",
];

Deno.test("A chunk whose size is no plain number in hexadecimal ends the request", async () => {
  await areRefused(sizes.map((size): Attack => [
    JSON.stringify(size.slice(0, 20)),
    ({ post, smuggled }) => post(chunked) + `${size}\r\nabcde\r\n${noChunks}${smuggled}`,
  ]));
});

/** A chunked body that one server sees end where another sees it go on. */
const ends: readonly (readonly [name: string, body: (smuggled: string) => string])[] = [
  ["a size that ends in a line feed", (rest) => `5\nabcde\r\n${noChunks}${rest}`],
  ["a size that ends in a carriage return", (rest) => `5\rabcde\r\n${noChunks}${rest}`],
  ["data that end in a line feed", (rest) => `5\r\nabcde\n${noChunks}${rest}`],
  ["data that end in nothing", (rest) => `5\r\nabcde${noChunks}${rest}`],
  ["data longer than said", (rest) => `5\r\nabcdefgh\r\n${noChunks}${rest}`],
  ["data shorter than said", (rest) => `9\r\nabcde\r\n${noChunks}${rest}`],
  ["a last chunk that ends in line feeds", (rest) => `0\n\n${rest}`],
  ["a last chunk with a line feed first", (rest) => `0\n\r\n${rest}`],
  ["a last chunk with data", (rest) => `0\r\nabcde\r\n\r\n${rest}`],
  ["an extension with a line feed", (rest) => `5;a\nb\r\nabcde\r\n${noChunks}${rest}`],
  ["an extension with a carriage return", (rest) => `5;a\rb\r\nabcde\r\n${noChunks}${rest}`],
  ["an extension that is a chunk to others", (rest) => `2;\n00\r\n${rest}`],
  ["a trailer that is no header", (rest) => `0\r\n${rest}`],
  ["a trailer with a space before its colon", (rest) => `0\r\nX : y\r\n\r\n${rest}`],
  ["a trailer behind a line feed", (rest) => `0\r\nX: y\nZ: ${rest}`],
];

Deno.test("A chunk that ends in more than one way ends the request", async () => {
  await areRefused(ends.map(([name, body]): Attack => [
    name,
    ({ post, smuggled }) => post(chunked) + body(smuggled),
  ]));
});

Deno.test("Extensions and trailers go no further, and the chunks become one body", async () => {
  const wordy = `5;name="\r\nabcde\r\n`;
  const trailers =
    "Content-Length: 99\r\nTransfer-Encoding: x\r\nX-User-Id: admin\r\nHost: evil\r\n";
  await becomeOne([
    ["an extension", ({ post }) => post(chunked) + `5;a=b;c\r\nabcde\r\n${noChunks}`, "abcde"],
    ["a quote that stays open", ({ post }) => post(chunked) + wordy + noChunks, "abcde"],
    ["an extension of the last", ({ post }) => post(chunked) + "0;a=b\r\n\r\n", ""],
    ["trailers", ({ post }) => post(chunked) + `5\r\nabcde\r\n0\r\n${trailers}\r\n`, "abcde"],
    [
      "noughts before a size",
      ({ post }) => post(chunked) + `0005\r\nabcde\r\n${noChunks}`,
      "abcde",
    ],
    [
      "a size in capitals",
      ({ post }) => post(chunked) + `A\r\n0123456789\r\n${noChunks}`,
      "0123456789",
    ],
    ["blanks behind a size", ({ post }) => post(chunked) + `5 \r\nabcde\r\n${noChunks}`, "abcde"],
    ["blanks before a size", ({ post }) => post(chunked) + ` 5\r\nabcde\r\n${noChunks}`, "abcde"],
    ["a request inside a chunk", ({ post, smuggled }) => {
      return post(chunked) + chunkOf("a") + chunkOf(smuggled) + noChunks;
    }, ({ smuggled }) => `a${smuggled}`],
  ], { orRefused: true });
});

Deno.test("An extension of 64 KiB is refused", async () => {
  await areRefused([
    ["of the letter a", ({ post }) => {
      return post(chunked) + `5;${"a".repeat(65_536)}\r\nabcde\r\n${noChunks}`;
    }],
  ]);
});

Deno.test("What follows the last chunk is read as a request, and refused for being none", async () => {
  await using gateway = await anImpatientGateway();
  const head = `POST /public/one HTTP/1.1\r\nHost: ${gateway.host}\r\n${chunked}\r\n`;
  const { statuses } = await sendBytes(gateway, `${head}${noChunks}rest of it\r\n\r\n`);
  deepEqual(statuses, [200, 400]);
  equal(gateway.upstream.requests.length, 1);
});

Deno.test("A request behind a whole one is its own: it meets the same checks", async () => {
  await using gateway = await anImpatientGateway();
  const head = `POST /public/one HTTP/1.1\r\nHost: ${gateway.host}\r\n${chunked}\r\n`;
  const second = `GET /admin/two HTTP/1.1\r\nHost: ${gateway.host}\r\n\r\n`;
  const third = `GET /public/three HTTP/1.1\r\nHost: evil.example\r\nHost: ${gateway.host}\r\n\r\n`;
  const { statuses } = await sendBytes(gateway, head + noChunks + second + third);
  deepEqual(statuses, [200, 401, 400]);
  equal(asksOf(gateway.upstream, "two").length + asksOf(gateway.upstream, "three").length, 0);
});
