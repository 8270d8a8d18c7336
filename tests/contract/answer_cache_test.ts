import { deepEqual, equal, ok } from "node:assert/strict";
import { MemoryAnswerCache, redisAnswerBytesMax, RedisAnswerCache } from "gateway/adapters";
import { lacks } from "tools/servers";
import { openRedisScene, patient, type RedisScene } from "../fixtures/real_redis.ts";
import { anAnswer, answerCacheContract } from "./answer_cache_contract.ts";

const hasRedis = !lacks("redis");
let shared: Promise<RedisScene> | undefined;
Deno.test.afterAll(async () => await (await shared)?.[Symbol.asyncDispose]());

async function openRedisAnswers(): Promise<RedisAnswerCache> {
  return new RedisAnswerCache(await (await (shared ??= openRedisScene())).link(patient));
}

answerCacheContract("MemoryAnswerCache", () => new MemoryAnswerCache());
answerCacheContract("RedisAnswerCache", hasRedis ? openRedisAnswers : undefined);

Deno.test("MemoryAnswerCache keeps no more answers than it may, and lets go of what nobody asks for", () => {
  const cache = new MemoryAnswerCache({ entriesMax: 2 });
  cache.keep("a", anAnswer("a"), 1_000);
  cache.keep("b", anAnswer("b"), 1_000);
  cache.look("a");
  cache.keep("c", anAnswer("c"), 1_000);
  deepEqual(["a", "b", "c"].map((key) => cache.look(key) !== undefined), [true, false, true]);
});

Deno.test("MemoryAnswerCache keeps no more bytes than it may, and nothing that is larger by itself", () => {
  const cache = new MemoryAnswerCache({ bytesMax: 4_000 });
  const large = anAnswer("x".repeat(1_000));
  for (const key of ["a", "b", "c", "d", "e"]) cache.keep(key, large, 1_000);
  deepEqual(["a", "b", "c", "d", "e"].filter((key) => cache.look(key)), ["d", "e"]);
  cache.keep("f", anAnswer("x".repeat(4_000)), 1_000);
  equal(cache.look("f"), undefined);
  deepEqual(["d", "e"].filter((key) => cache.look(key)), ["d", "e"]);
  const headers: [string, string][] = [["x", "y".repeat(2_000)]];
  cache.keep("g", anAnswer("", { headers }), 1_000);
  equal(cache.look("g"), undefined, "headers count as well");
});

Deno.test("MemoryAnswerCache has as much room after an answer is replaced or out of date as before", () => {
  let nowMs = 0;
  const cache = new MemoryAnswerCache({ bytesMax: 2_000, now: () => nowMs });
  for (let round = 0; round < 50; round++) {
    cache.keep("a", anAnswer("x".repeat(1_000)), 10);
    if (round % 2) nowMs += 10;
    equal(cache.look("a") === undefined, round % 2 === 1);
  }
});

function test(promise: string, check: (scene: RedisScene) => Promise<void>): void {
  Deno.test({
    name: `RedisAnswerCache ${promise}`,
    ignore: !hasRedis,
    async fn() {
      await using scene = await openRedisScene();
      await check(scene);
    },
  });
}

test("is one cache for all gateways, and has nothing while Redis is away", async (scene) => {
  const [one, other] = [await scene.link(patient), await scene.link(patient)];
  await new RedisAnswerCache(one).keep("key", anAnswer("shared"), 60_000);
  deepEqual(await new RedisAnswerCache(other).look("key"), anAnswer("shared"));
  await scene.server.kill();
  equal(await new RedisAnswerCache(one).look("key"), undefined);
  await new RedisAnswerCache(one).keep("key", anAnswer("lost"), 60_000);
});

test("takes nothing that is too large, or that it cannot read", async (scene) => {
  const redis = await scene.link(patient);
  const cache = new RedisAnswerCache(redis);
  await cache.keep("full", anAnswer("x".repeat(redisAnswerBytesMax)), 60_000);
  ok(await cache.look("full"));
  await cache.keep("large", anAnswer("x".repeat(redisAnswerBytesMax + 1)), 60_000);
  equal(await cache.look("large"), undefined);
  for (const text of ["", "{}", `{"status":200}`, "nonsense"]) {
    await redis.send(["SET", "sallyport:answer:odd", text]);
    equal(await cache.look("odd"), undefined, text);
  }
});
