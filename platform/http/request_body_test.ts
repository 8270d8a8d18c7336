import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Problem } from "platform/problem";
import { type BodyLimits, bodyLimits, readBytes, readJsonText } from "./request_body.ts";

const json = { "content-type": "application/json" };
const tenBytes: BodyLimits = { bytesMax: 10, timeoutMs: 10_000 };

function aRequest(body: BodyInit | null, headers: HeadersInit = json): Request {
  return new Request("http://test/", { method: "POST", headers, body });
}

/** A body that comes in parts and does not say how long it is. */
function chunked(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
}

function refusedAs(type: string): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof Problem && thrown.kind.type === `urn:sallyport:problem:${type}`;
}

Deno.test("A JSON body is read whole, whatever parts it comes in", async () => {
  equal(await readJsonText(aRequest('{"a":1}')), '{"a":1}');
  equal(await readJsonText(aRequest(chunked('{"a"', ":", "1}"))), '{"a":1}');
  equal(await readJsonText(aRequest(null)), "");
});

Deno.test("A character that is cut in two by its parts is read whole", async () => {
  const bytes = new TextEncoder().encode("€");
  const body = ReadableStream.from([bytes.slice(0, 1), bytes.slice(1)]);
  equal(await readJsonText(aRequest(body)), "€");
});

Deno.test("A JSON body may name its charset and write its type as it likes", async () => {
  for (
    const type of ["application/json; charset=utf-8", "Application/JSON", "application/json ;"]
  ) {
    equal(await readJsonText(aRequest("{}", { "content-type": type })), "{}");
  }
});

Deno.test("A body of another type is refused unread", async () => {
  const types = ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", ""];
  for (const type of types) {
    const request = aRequest(chunked("{}"), type ? { "content-type": type } : {});
    await rejects(readJsonText(request), refusedAs("unsupported-media-type"));
    ok(!request.bodyUsed);
  }
});

Deno.test("A body of exactly the limit is read, and one byte more is not", async () => {
  equal((await readJsonText(aRequest("x".repeat(10)), tenBytes)).length, 10);
  equal((await readJsonText(aRequest(chunked("x".repeat(5), "x".repeat(5))), tenBytes)).length, 10);
  for (const body of ["x".repeat(11), chunked("x".repeat(5), "x".repeat(6))]) {
    await rejects(readJsonText(aRequest(body), tenBytes), refusedAs("content-too-large"));
  }
});

Deno.test("A body that says it is too long is refused unread", async () => {
  const request = aRequest(chunked("{}"), { ...json, "content-length": "11" });
  await rejects(readJsonText(request, tenBytes), refusedAs("content-too-large"));
  ok(!request.bodyUsed);
});

Deno.test("A chunked body is read no further than the limit", async () => {
  let given = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      given++;
      controller.enqueue(new Uint8Array(4));
    },
  }, { highWaterMark: 0 });
  await rejects(readJsonText(aRequest(endless), tenBytes), refusedAs("content-too-large"));
  ok(given <= 4, `${given} parts were taken`);
});

Deno.test("A body that lies about its length is measured", async () => {
  const lying = aRequest(chunked("x".repeat(11)), { ...json, "content-length": "2" });
  await rejects(readJsonText(lying, tenBytes), refusedAs("content-too-large"));
  const mute = aRequest(chunked("x".repeat(11)), { ...json, "content-length": "many" });
  await rejects(readJsonText(mute, tenBytes), refusedAs("content-too-large"));
});

Deno.test("A body that does not end in time is given up, and its sender told to stop", async () => {
  let isCancelled = false;
  const slow = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("{"));
    },
    cancel() {
      isCancelled = true;
    },
  });
  const limits = { bytesMax: 10, timeoutMs: 5 };
  await rejects(readJsonText(aRequest(slow), limits), refusedAs("request-timeout"));
  ok(isCancelled);
});

Deno.test("A body that is not UTF-8 is refused, not mended", async () => {
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    const request = aRequest(new Uint8Array(bytes));
    await rejects(readJsonText(request), refusedAs("malformed-json"));
  }
});

Deno.test("Bytes of any type are read within the same limits", async () => {
  deepEqual(
    await readBytes(aRequest(new Uint8Array([0, 255]), {}), tenBytes),
    new Uint8Array([0, 255]),
  );
  const tooLong = aRequest(new Uint8Array(11), {});
  await rejects(readBytes(tooLong, tenBytes), refusedAs("content-too-large"));
});

Deno.test("A body that breaks off is no body", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.error(new TypeError("The connection is gone"));
    },
  });
  await rejects(readJsonText(aRequest(broken)), TypeError);
});

Deno.test("The limits of a JSON body are finite", () => {
  ok(bodyLimits.bytesMax <= 1_048_576 && bodyLimits.timeoutMs <= 60_000);
});
