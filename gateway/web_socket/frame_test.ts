import { deepEqual, equal, throws } from "node:assert/strict";
import { clientFrame, closePayload, opcodes } from "./frame.ts";
import { FrameError, FrameReader } from "./frame_reader.ts";

const messageBytesMax = 100_000;

/** What a reader makes of these bytes, fed in pieces of `pieceBytes`. */
function read(bytes: Uint8Array, pieceBytes = bytes.length): unknown[] {
  const heard: unknown[] = [];
  const reader = new FrameReader({
    message: (data) => heard.push(data),
    ping: (payload) => heard.push(["ping", ...payload]),
    pong: () => heard.push("pong"),
    close: (code, reason) => heard.push(["close", code, reason]),
  }, messageBytesMax);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.feed(bytes.subarray(at, at + pieceBytes));
  }
  return heard;
}

/** A frame as a server sends it. */
function frame(first: number, payload: Uint8Array | string): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { length } = bytes;
  const size = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  return new Uint8Array([first, ...size, ...bytes]);
}

function joined(...frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(frames.flatMap((frame) => [...frame]));
}

Deno.test("frames are read however they are cut on the way, at every length of length", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const payload = new Uint8Array(length).fill(7);
    for (const pieceBytes of [1_000_000, 4_093, ...length < 1_000 ? [1] : []]) {
      deepEqual(read(joined(frame(0x82, payload), frame(0x81, "next")), pieceBytes), [
        payload,
        "next",
      ]);
    }
  }
});

Deno.test("a message in pieces is put together, with control frames between them", () => {
  const bytes = joined(
    frame(0x01, "hel"),
    frame(0x89, "p"),
    frame(0x00, "lo, "),
    frame(0x80, "you"),
  );
  deepEqual(read(bytes), [["ping", 112], "hello, you"]);
});

Deno.test("a close tells its code and reason, or none", () => {
  deepEqual(read(frame(0x88, closePayload(4_001, "enough"))), [["close", 4_001, "enough"]]);
  deepEqual(read(frame(0x88, closePayload(undefined, ""))), [["close", undefined, ""]]);
});

Deno.test("what breaks the protocol is refused with the code that says so", () => {
  const cases: [number, string, Uint8Array][] = [
    [1002, "an extension that nobody offered", frame(0xc1, "x")],
    [1002, "an opcode that means nothing", frame(0x83, "x")],
    [1002, "a mask", new Uint8Array([0x81, 0x81, 0, 0, 0, 0, 0])],
    [1002, "a ping in pieces", frame(0x09, "x")],
    [1002, "a large ping", frame(0x89, new Uint8Array(126))],
    [1002, "a piece of nothing", frame(0x80, "x")],
    [1002, "a message within another", joined(frame(0x01, "x"), frame(0x81, "y"))],
    [1002, "half a close code", frame(0x88, "x")],
    [1002, "a close code that none may send", frame(0x88, closePayload(1_006, ""))],
    [1007, "text that is none", frame(0x81, new Uint8Array([0xff]))],
  ];
  for (const [code, name, bytes] of cases) {
    throws(() => read(bytes), (thrown: FrameError) => thrown.closeCode === code, name);
  }
});

Deno.test("a message over the limit is refused by its header, before it is held", () => {
  const size = messageBytesMax + 1;
  const header = new Uint8Array([
    0x82,
    127,
    0,
    0,
    0,
    0,
    0,
    size >> 16,
    (size >> 8) & 255,
    size & 255,
  ]);
  throws(() => read(header), { closeCode: 1009 });
  const half = new Uint8Array(messageBytesMax / 2 + 1);
  throws(() => read(joined(frame(0x02, half), frame(0x80, half))), { closeCode: 1009 });
});

Deno.test("a client's frame is masked, and says its length in the shortest way", () => {
  const mask = new Uint8Array([1, 2, 3, 4]);
  deepEqual([...clientFrame(opcodes.text, new Uint8Array([0, 0, 0, 0, 0]), mask)], [
    0x81,
    0x85,
    ...mask,
    ...mask,
    1,
  ]);
  equal(clientFrame(opcodes.binary, new Uint8Array(125)).length, 125 + 6);
  equal(clientFrame(opcodes.binary, new Uint8Array(126)).length, 126 + 8);
  equal(clientFrame(opcodes.binary, new Uint8Array(65_536)).length, 65_536 + 14);
});
