import { deepEqual, equal, ok } from "node:assert/strict";
import { caching, type CachingGateway } from "../testing/caching_gateway.ts";
import { fillingBytesMax, keptBodyBytesMax } from "./proxy_cache.ts";

const json = { "content-type": "application/json" };

/** A body of so many bytes, in pieces, and no length said. */
function streamOf(bytes: number, end?: Error): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 65_536);
      left -= size;
      if (size > 0) return controller.enqueue(new Uint8Array(size));
      if (end) controller.error(end);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

function streaming(service: () => ReadableStream<Uint8Array>): CachingGateway {
  return caching("", {}, { service: () => new Response(service(), { headers: json }) });
}

Deno.test("proxy-cache keeps an answer of the greatest size, and lets a larger one pass whole", async () => {
  for (const [size, isKept] of [[keptBodyBytesMax, true], [keptBodyBytesMax + 1, false]] as const) {
    const { ask } = streaming(() => streamOf(size));
    equal((await (await ask("/open")).arrayBuffer()).byteLength, size);
    const second = await ask("/open");
    equal((await second.arrayBuffer()).byteLength, size);
    equal(second.headers.get("x-cache-status"), isKept ? "Hit" : "Miss");
  }
});

Deno.test("proxy-cache keeps nothing that broke off, or that the client did not wait for", async () => {
  const broken = streaming(() => streamOf(100_000, new Error("reset")));
  await (await broken.ask("/open")).arrayBuffer().catch(() => {});
  const again = await broken.ask("/open");
  equal(again.headers.get("x-cache-status"), "Miss");
  await again.body?.cancel();
  const left = streaming(() => streamOf(100_000));
  await (await left.ask("/open")).body!.cancel();
  const whole = await left.ask("/open");
  equal(whole.headers.get("x-cache-status"), "Miss");
  await whole.arrayBuffer();
  const copy = await left.ask("/open");
  equal(copy.headers.get("x-cache-status"), "Hit");
  await copy.body?.cancel();
});

Deno.test("proxy-cache holds no more of answers on their way than it may, and gives back what it held", async () => {
  const size = keptBodyBytesMax;
  const atOnce = fillingBytesMax / size;
  const { ask } = streaming(() => streamOf(size));
  const readers = await Promise.all(Array.from({ length: atOnce + 1 }, async (_, n) => {
    const response = await ask(`/open/${n}`);
    const reader = response.body!.getReader();
    // All but the end: then each holds all that it has read.
    for (let read = 0; read < size; read += 65_536) await reader.read();
    return reader;
  }));
  for (const reader of readers) ok((await reader.read()).done);
  const hits = await Promise.all(readers.map(async (_, n) => {
    const response = await ask(`/open/${n}`);
    await response.arrayBuffer();
    return response.headers.get("x-cache-status");
  }));
  equal(hits.filter((status) => status === "Hit").length, atOnce);
  // Whoever was left out came again, and there was room.
  const all = await Promise.all(readers.map(async (_, n) => {
    const response = await ask(`/open/${n}`);
    await response.body?.cancel();
    return response.headers.get("x-cache-status");
  }));
  deepEqual(new Set(all), new Set(["Hit"]));
});
