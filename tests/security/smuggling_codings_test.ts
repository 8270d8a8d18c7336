// Request smuggling by Transfer-Encoding: CL.TE, TE.CL and TE.TE (RFC 9112, section 6.3; CWE-444).
import {
  areRefused,
  type Attack,
  becomeOne,
  chunked,
  chunkOf,
  lengthOf,
  noChunks,
} from "./smuggling_fixture.ts";

const clTe: readonly Attack[] = [
  ["CL.TE", ({ post, smuggled }) => {
    const body = noChunks + smuggled;
    return post(lengthOf(body), chunked) + body;
  }],
  ["CL.TE, the coding first", ({ post, smuggled }) => {
    const body = noChunks + smuggled;
    return post(chunked, lengthOf(body)) + body;
  }],
  ["TE.CL", ({ post, smuggled }) => {
    return post(chunked, "Content-Length: 4\r\n") + chunkOf(smuggled) + noChunks;
  }],
  ["CL.TE in HTTP/1.0", ({ post, smuggled }) => {
    const head = post(chunked).replace("HTTP/1.1", "HTTP/1.0");
    return head + noChunks + smuggled;
  }],
  ["a length of nothing beside chunks", ({ post, smuggled }) => {
    return post(chunked, "Content-Length: 0\r\n") + chunkOf(smuggled) + noChunks;
  }],
];

Deno.test("A request that gives both a length and a coding is refused, and nothing of it goes on", async () => {
  await areRefused(clTe);
});

const codings = [
  "xchunked",
  "chunkedx",
  "x chunked",
  "chunked x",
  "identity",
  "chunked, identity",
  "identity, chunked",
  "chunked, chunked",
  "gzip",
  "",
  ",chunked",
  "chunked,",
  "chunked;q=1",
  '"chunked"',
  "'chunked'",
  "\x0bchunked",
  "chunked\x0b",
  "\x0cchunked",
  "chunked\x00",
  "chun\x00ked",
  "\xa0chunked",
  "chunk\xe9d",
  "\x85chunked",
];

Deno.test("A coding that is not plainly chunked is refused, with a length beside it or without", async () => {
  const body = (smuggled: string) => noChunks + smuggled;
  await areRefused(codings.flatMap((coding): Attack[] => [
    [`${JSON.stringify(coding)} alone`, ({ post, smuggled }) => {
      return post(`Transfer-Encoding: ${coding}\r\n`) + body(smuggled);
    }],
    [`${JSON.stringify(coding)} with a length`, ({ post, smuggled }) => {
      const sent = body(smuggled);
      return post(`Transfer-Encoding: ${coding}\r\n`, lengthOf(sent)) + sent;
    }],
  ]));
});

Deno.test("A body that is packed for the way is refused: the service would not be told how", async () => {
  await areRefused(["gzip, chunked", "deflate,chunked", "x, chunked"].map((coding): Attack => [
    coding,
    ({ post, smuggled }) => {
      return post(`Transfer-Encoding: ${coding}\r\n`) + chunkOf(smuggled) + noChunks;
    },
  ]));
});

/** Lines by which one server hides the coding from the next. */
const disguises: readonly (readonly [name: string, lines: string])[] = [
  ["a space before the colon", "Transfer-Encoding : chunked\r\n"],
  ["a tab before the colon", "Transfer-Encoding\t: chunked\r\n"],
  ["a space before the name", " Transfer-Encoding: chunked\r\n"],
  ["a folded value", "Transfer-Encoding:\r\n chunked\r\n"],
  ["a value folded behind another", "X: y\r\n Transfer-Encoding: chunked\r\n"],
  ["a line feed alone before it", "X: y\nTransfer-Encoding: chunked\r\n"],
  ["a carriage return alone before it", "X: y\rTransfer-Encoding: chunked\r\n"],
  ["a NUL in its name", "Transfer\0-Encoding: chunked\r\n"],
  ["a NUL behind its name", "Transfer-Encoding\0: chunked\r\n"],
  ["two, the second of nothing", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"],
  ["two, the first of nothing", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"],
  ["two alike", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"],
  ["two, the second unknown", "Transfer-Encoding: chunked\r\ntransfer-encoding: cow\r\n"],
];

Deno.test("A coding in disguise does not part what we read from what the service reads", async () => {
  await areRefused(disguises.map(([name, lines]): Attack => [name, ({ post, smuggled }) => {
    const body = noChunks + smuggled;
    return post(lines, lengthOf(body)) + body;
  }]));
});

Deno.test("Chunks reach the service as one body, however chunked is spelt, and no coding with it", async () => {
  const spellings = ["chunked", "CHUNKED", "chunKed", "\tchunked", "chunked\t ", "  chunked"];
  await becomeOne(spellings.map((spelling) =>
    [
      JSON.stringify(spelling),
      ({ post, smuggled }) => {
        return post(`Transfer-Encoding: ${spelling}\r\n`) + chunkOf(smuggled) + noChunks;
      },
      ({ smuggled }) => smuggled,
    ] as const
  ));
});

Deno.test("A header that only looks like the coding is none: the length counts", async () => {
  const lookalikes = ["Transfer_Encoding", "Transfer-Encodin", "X-Transfer-Encoding", "TE"];
  await becomeOne(lookalikes.map((name) =>
    [name, ({ post, smuggled }) => {
      const body = noChunks + smuggled;
      return post(`${name}: chunked\r\n`, lengthOf(body)) + body;
    }, ({ smuggled }) => noChunks + smuggled] as const
  ));
});
