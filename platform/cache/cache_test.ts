import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { z } from "zod";
import { openDocumentCipher } from "platform/crypto";
import { TestKeyRing } from "platform/crypto/testing";
import { createLogger, silentLogger } from "platform/telemetry";
import { Cache, type CacheOptions } from "./cache.ts";
import { jsonCodec, sealedCodec } from "./cache_codec.ts";
import { CacheAwayError, type CacheStore } from "./cache_store.ts";
import { MemoryCache } from "./memory_cache.ts";

const numbers = jsonCodec(z.number());

function numbersIn(store: CacheStore, options: Partial<CacheOptions<number>> = {}): Cache<number> {
  const given = { name: "numbers", store, codec: numbers, ttlMs: 1_000, log: silentLogger };
  return new Cache({ ...given, ...options });
}

/** A load that ends when the test says so. */
function heldLoad(): {
  load: () => Promise<number>;
  end: (value: number) => void;
  begun: Promise<void>;
} {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  const load = () => {
    begun.resolve();
    return ended.promise;
  };
  return { load, end: ended.resolve, begun: begun.promise };
}

const never = () => Promise.reject(new Error("Unexpected call: load"));

Deno.test("Cache loads what it does not have, once, and then gives the copy", async () => {
  const cache = numbersIn(new MemoryCache());
  equal(await cache.read("a", () => Promise.resolve(1)), 1);
  equal(await cache.read("a", never), 1);
  deepEqual(cache.counts, { hits: 1, misses: 1, bypasses: 0 });
});

Deno.test("Cache shares one load among all who miss the same at the same time", async () => {
  const cache = numbersIn(new MemoryCache());
  let loads = 0;
  const load = () => {
    loads++;
    return Promise.resolve(7);
  };
  const reads = await Promise.all(Array.from({ length: 50 }, () => cache.read("a", load)));
  ok(reads.every((value) => value === 7));
  equal(loads, 1);
});

Deno.test("Cache keeps no value that was read before an invalidation", async () => {
  const cache = numbersIn(new MemoryCache());
  const { load, end, begun } = heldLoad();
  const early = cache.read("a", load);
  await begun;
  await cache.invalidate(["a"]);
  end(1);
  equal(await early, 1, "who asked before the change may see what was before it");
  equal(await cache.read("a", () => Promise.resolve(2)), 2);
  equal(await cache.read("a", never), 2);
});

Deno.test("Cache gives whoever comes after a change nothing from before it, wherever it was made", async () => {
  const store = new MemoryCache();
  const [here, elsewhere] = [numbersIn(store), numbersIn(store)];
  const { load, end, begun } = heldLoad();
  const early = here.read("a", load);
  await begun;
  await elsewhere.invalidate(["a"]);
  // It joins the load under way, which this replica does not know to be out of date.
  const late = here.read("a", () => Promise.resolve(2));
  end(1);
  equal(await early, 1);
  equal(await late, 2);
});

Deno.test("Cache does not remember that something is absent, or that it failed", async () => {
  const cache = numbersIn(new MemoryCache());
  equal(await cache.read("a", () => Promise.resolve(undefined)), undefined);
  await rejects(cache.read("a", () => Promise.reject(new Error("broken"))), /broken/);
  equal(await cache.read("a", () => Promise.resolve(3)), 3);
});

Deno.test("Cache goes to the store while it is away, and says nothing", async () => {
  const away = () => Promise.reject(new CacheAwayError("away"));
  const lines: string[] = [];
  const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
  const cache = numbersIn({ look: away, fill: away, invalidate: away }, { log });
  for (let round = 1; round <= 3; round++) {
    equal(await cache.read("a", () => Promise.resolve(round)), round);
    await cache.invalidate(["a"]);
  }
  deepEqual(cache.counts, { hits: 0, misses: 0, bypasses: 3 });
  deepEqual(lines, []);
});

Deno.test("Cache puts another in the place of a copy that nobody can read, and tells of it once", async () => {
  const lines: string[] = [];
  const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
  const store = new MemoryCache();
  await put(store, "numbers:a", '"no number"');
  const cache = numbersIn(store, { log });
  equal(await cache.read("a", () => Promise.resolve(1)), 1);
  equal(await cache.read("a", never), 1);
  deepEqual(cache.counts, { hits: 1, misses: 1, bypasses: 0 });
  equal(lines.length, 1);
});

Deno.test("Cache keeps each value for its time, a tenth more or less", async () => {
  const kept: number[] = [];
  const store: CacheStore = {
    look: () => Promise.resolve({ token: "t" }),
    fill(_key, _token, _value, ttlMs) {
      kept.push(ttlMs);
      return Promise.resolve(true);
    },
    invalidate: never,
  };
  for (const random of [0, 0.5, 1]) {
    await numbersIn(store, { random: () => random }).read("a", () => Promise.resolve(1));
  }
  deepEqual(kept, [900, 1_000, 1_100]);
});

Deno.test("Cache seals what is personal, for its key alone", async () => {
  const schema = z.object({ value: z.number().meta({ sensitive: true }) });
  const ring = new TestKeyRing();
  const cipher = openDocumentCipher({ ring, service: "test", table: "copies", schema });
  const store = new MemoryCache();
  const cache = numbersIn(store, { codec: sealedCodec(cipher) });
  await cache.read("a", () => Promise.resolve(42));
  const look = await store.look("numbers:a");
  ok("value" in look && !look.value.includes("42"));
  equal(await cache.read("a", never), 42);
  // Moved to another key, it is no value there.
  await put(store, "numbers:b", look.value);
  equal(await cache.read("b", () => Promise.resolve(1)), 1);
});

async function put(store: CacheStore, key: string, text: string): Promise<void> {
  const look = await store.look(key);
  ok("token" in look && await store.fill(key, look.token, text, 60_000));
}
