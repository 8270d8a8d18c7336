// Request smuggling by what is hardly HTTP: line ends, folds, controls, request lines (RFC 9112, sections 2.2, 3 and 5; CWE-444).
import { areRefused, type Attack, becomeOne, lengthOf } from "./smuggling_fixture.ts";

/** Lines among the headers of an otherwise good GET. */
const lines: readonly (readonly [name: string, lines: string])[] = [
  ["a carriage return alone", "X: a\rY: b\r\n"],
  ["a carriage return before the end", "X: a\r\r\n"],
  ["a folded header", "X: a\r\n b\r\n"],
  ["a header folded with a tab", "X: a\r\n\tb\r\n"],
  ["a space before the colon", "X : a\r\n"],
  ["a tab before the colon", "X\t: a\r\n"],
  ["a space in the name", "X Y: a\r\n"],
  ["no colon", "Xabc\r\n"],
  ["no name", ": a\r\n"],
  ["a NUL in a value", "X: a\0b\r\n"],
  ["a NUL in a name", "X\0: a\r\n"],
  ["a control character in a value", "X: a\x01b\r\n"],
  ["a backspace in a value", "X: a\x08b\r\n"],
  ["DEL in a value", "X: a\x7fb\r\n"],
  ["a letter beyond ASCII in a name", "X\xe9: a\r\n"],
  ["a bracket in a name", "X(y): a\r\n"],
  ["a quote in a name", '"X": a\r\n'],
  ["a slash in a name", "X/Y: a\r\n"],
];

Deno.test("A header that is not one by RFC 9112 is refused", async () => {
  await areRefused(lines.map(([name, text]): Attack => [name, ({ get }) => get(text)]));
});

/** Request lines in which the path is `@`. */
const requestLines: readonly (readonly [name: string, line: string])[] = [
  ["no version", "GET @"],
  ["version 1.2", "GET @ HTTP/1.2"],
  ["version 2", "GET @ HTTP/2.0"],
  ["version 3", "GET @ HTTP/3.0"],
  ["a version in small letters", "GET @ http/1.1"],
  ["a version of nobody's", "GET @ HTTP/1.1x"],
  ["two versions", "GET @ HTTP/1.1 HTTP/1.1"],
  ["a space in the path", "GET @ /x HTTP/1.1"],
  ["two spaces before the path", "GET  @ HTTP/1.1"],
  ["a tab for a space", "GET\t@ HTTP/1.1"],
  ["a vertical tab for a space", "GET\x0b@ HTTP/1.1"],
  ["a space first", " GET @ HTTP/1.1"],
  ["a NUL in the method", "GE\0T @ HTTP/1.1"],
  ["a colon in the method", "GET: @ HTTP/1.1"],
  ["a NUL in the path", "GET @\0 HTTP/1.1"],
  ["a carriage return in the path", "GET @\rX HTTP/1.1"],
  ["a carriage return for a space", "GET @\rHTTP/1.1"],
  ["no method", "@ HTTP/1.1"],
  ["no path", "GET HTTP/1.1"],
];

Deno.test("A request line that is not one by RFC 9112 is refused", async () => {
  await areRefused(requestLines.map(([name, line]): Attack => [name, ({ id, host }) => {
    return `${line.replace("@", `/public/${id}`)}\r\nHost: ${host}\r\n\r\n`;
  }]));
});

Deno.test("Headers that end in a carriage return alone never end", async () => {
  await areRefused([
    ["twice", ({ id, host }) => `GET /public/${id} HTTP/1.1\r\nHost: ${host}\r\r`],
    ["after the request line", ({ id, host, smuggled }) => {
      return `GET /public/${id} HTTP/1.1\rHost: ${host}\r\n\r\n${smuggled}`;
    }],
  ]);
});

/**
 * RFC 9112, section 2.2, lets a server take a line feed for the end of a line, and ours does. What goes on has
 * none: it is written anew.
 */
Deno.test("Line feeds alone do not reach the service, whatever they are taken for", async () => {
  await becomeOne([
    ["everywhere", ({ id, host }) => `GET /public/${id} HTTP/1.1\nHost: ${host}\n\n`, ""],
    ["within the headers", ({ get }) => get("X: a\nY: b\r\n"), ""],
    ["at their end", ({ id, host }) => `GET /public/${id} HTTP/1.1\r\nHost: ${host}\r\n\n`, ""],
    ["before a length", ({ post, smuggled }) => {
      return post(`X: a\n${lengthOf(smuggled)}`) + smuggled;
    }, ({ smuggled }) => smuggled],
  ], { orRefused: true });
});

Deno.test("Empty lines before a request are passed over", async () => {
  await becomeOne([["two", ({ get }) => `\r\n\r\n${get()}`, ""]]);
});

Deno.test("An upgrade is not made, and what asks for it goes no further", async () => {
  const settings = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
  await becomeOne([
    ["to h2c", ({ post, smuggled }) => {
      return post(settings, "Upgrade: h2c\r\n", lengthOf(smuggled)) + smuggled;
    }, ({ smuggled }) => smuggled],
    ["to a WebSocket", ({ post, smuggled }) => {
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
      return post("Connection: Upgrade\r\nUpgrade: websocket\r\n", key, lengthOf(smuggled)) +
        smuggled;
    }, ({ smuggled }) => smuggled],
  ], { orRefused: true });
});
