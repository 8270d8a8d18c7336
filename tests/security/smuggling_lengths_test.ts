// Request smuggling by Content-Length: doubled, malformed, or on methods that have no body (RFC 9112, section 6.3; CWE-444).
import {
  areRefused,
  type Attack,
  becomeOne,
  chunked,
  chunkOf,
  lengthOf,
  noChunks,
} from "./smuggling_fixture.ts";

const lengths = [
  "+5",
  "-1",
  "-5",
  "5,5",
  "5, 5",
  "5 5",
  "5,0",
  "0x5",
  "5.0",
  "5e0",
  "0b101",
  "5;",
  "5\x0b",
  "5\x00",
  "\x0c5",
  "",
  " ",
  "five",
  "\xb2",
  "18446744073709551621",
  "99999999999999999999",
  "9".repeat(300),
];

Deno.test("A length that is not one plain number is refused", async () => {
  await areRefused(lengths.map((length): Attack => [
    JSON.stringify(length.slice(0, 20)),
    ({ post, smuggled }) => post(`Content-Length: ${length}\r\n`) + `abcde${smuggled}`,
  ]));
});

/** Lines that give a length and another, or hide one. */
const doubled: readonly (readonly [name: string, lines: (length: number) => string])[] = [
  ["none, then all", (all) => `Content-Length: 0\r\nContent-Length: ${all}\r\n`],
  ["all, then none", (all) => `Content-Length: ${all}\r\nContent-Length: 0\r\n`],
  ["all, twice", (all) => `Content-Length: ${all}\r\ncontent-length: ${all}\r\n`],
  ["a space before the colon", (all) => `Content-Length : ${all}\r\n`],
  ["a folded one", (all) => `Content-Length:\r\n ${all}\r\n`],
  ["one folded behind another", (all) => `Content-Length: 0\r\n Content-Length: ${all}\r\n`],
  ["one behind a carriage return", (all) => `X: y\rContent-Length: ${all}\r\n`],
  ["one, with a NUL in its name", (all) => `Content\0-Length: ${all}\r\n`],
];

Deno.test("A length that is given twice, or in disguise, is refused", async () => {
  await areRefused(doubled.map(([name, lines]): Attack => [name, ({ post, smuggled }) => {
    return post(lines(smuggled.length)) + smuggled;
  }]));
});

Deno.test("A length with blanks around it, or noughts before it, is that number", async () => {
  await becomeOne([" 5", "5 ", "\t5", "05", "0000000005"].map((length) =>
    [
      JSON.stringify(length),
      ({ post }) => post(`Content-Length: ${length}\r\n`) + "abcde",
      "abcde",
    ] as const
  ));
});

Deno.test("The body of a GET does not become a request, and goes no further", async () => {
  await becomeOne([
    ["with a length", ({ get, smuggled }) => get(lengthOf(smuggled)) + smuggled, ""],
    ["in chunks", ({ get, smuggled }) => get(chunked) + chunkOf(smuggled) + noChunks, ""],
    ["of a HEAD", ({ get, smuggled }) => {
      return get(lengthOf(smuggled)).replace("GET", "HEAD") + smuggled;
    }, ""],
  ]);
});

Deno.test("The body of any other method goes on as one body", async () => {
  await becomeOne(["DELETE", "OPTIONS", "PATCH", "PUT"].map((method) =>
    [
      method,
      ({ post, smuggled }) => post(lengthOf(smuggled)).replace("POST", method) + smuggled,
      ({ smuggled }) => smuggled,
    ] as const
  ));
});

Deno.test("A client that asks before it sends still sends one body", async () => {
  await becomeOne([
    ["100-continue", ({ post, smuggled }) => {
      return post("Expect: 100-continue\r\n", lengthOf(smuggled)) + smuggled;
    }, ({ smuggled }) => smuggled],
    ["an expectation of nobody's", ({ post, smuggled }) => {
      return post("Expect: 200-ok\r\n", lengthOf(smuggled)) + smuggled;
    }, ({ smuggled }) => smuggled],
  ], { orRefused: true });
});
