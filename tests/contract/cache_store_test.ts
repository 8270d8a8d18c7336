import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CacheAwayError, MemoryCache, RedisCache, tokenLifeMs } from "platform/cache";
import { lacks } from "tools/servers";
import { eventually } from "../fixtures/eventually.ts";
import { isReady, openRedisScene, patient, type RedisScene } from "../fixtures/real_redis.ts";
import { cacheStoreContract, tokenOf } from "./cache_store_contract.ts";

const hasRedis = !lacks("redis");
let shared: Promise<RedisScene> | undefined;
Deno.test.afterAll(async () => await (await shared)?.[Symbol.asyncDispose]());

async function openRedisCache(): Promise<RedisCache> {
  return new RedisCache(await (await (shared ??= openRedisScene())).link(patient));
}

cacheStoreContract("MemoryCache", () => Promise.resolve(new MemoryCache()));
cacheStoreContract("RedisCache", hasRedis ? openRedisCache : undefined);

Deno.test("MemoryCache takes no token that is too old, and keeps no more than it may", async () => {
  let nowMs = 0;
  const cache = new MemoryCache({ entriesMax: 2, now: () => nowMs });
  const token = tokenOf(await cache.look("a"));
  nowMs += tokenLifeMs;
  equal(await cache.fill("a", token, "late", 1_000), false);
  for (const key of ["a", "b", "c"]) {
    await cache.fill(key, tokenOf(await cache.look(key)), key, 1_000);
  }
  ok("token" in await cache.look("a"));
  deepEqual(await cache.look("c"), { value: "c" });
});

function test(promise: string, check: (scene: RedisScene) => Promise<void>): void {
  Deno.test({
    name: `RedisCache ${promise}`,
    ignore: !hasRedis,
    async fn() {
      await using scene = await openRedisScene();
      await check(scene);
    },
  });
}

test("is one cache for all who are linked to the same Redis", async (scene) => {
  const [one, other] = [new RedisCache(await scene.link()), new RedisCache(await scene.link())];
  const before = tokenOf(await one.look("key"));
  await other.invalidate(["key"]);
  equal(await one.fill("key", before, "stale", 60_000), false);
  await one.fill("key", tokenOf(await one.look("key")), "fresh", 60_000);
  deepEqual(await other.look("key"), { value: "fresh" });
});

test("takes nothing that was read before a flush", async (scene) => {
  const redis = await scene.link();
  const cache = new RedisCache(redis);
  const before = tokenOf(await cache.look("key"));
  await cache.invalidate(["key"]);
  await redis.send(["FLUSHALL"]);
  equal(await cache.fill("key", before, "stale", 60_000), false);
});

test("makes up for invalidations as soon as Redis is back", async (scene) => {
  const writer = await scene.link();
  const reader = await scene.link();
  const [cache, other] = [new RedisCache(writer), new RedisCache(reader)];
  await cache.fill("key", tokenOf(await cache.look("key")), "old", 60_000);
  await scene.server.pause();
  await rejects(cache.invalidate(["key"]), CacheAwayError);
  await rejects(cache.look("key"), CacheAwayError);
  await rejects(cache.look("key"), CacheAwayError);
  await rejects(cache.invalidate(["other"]), CacheAwayError);
  await scene.server.resume();
  await Promise.all([isReady(writer), isReady(reader)]);
  await eventually("the old value is gone", async () => "token" in await other.look("key"), {
    timeoutMs: 2_000,
    everyMs: 5,
  });
});
