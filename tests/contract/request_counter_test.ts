import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  MemoryRequestCounter,
  namesMax,
  openSharedCounts,
  RedisRequestCounter,
  SharedRequestCounter,
  takenTogetherMax,
} from "gateway/adapters";
import type { RequestCounter } from "gateway/ports";
import { RedisAwayError } from "platform/redis";
import { z } from "zod";
import { lacks } from "tools/servers";
import { isReady, openRedisScene, patient, type RedisScene } from "../fixtures/real_redis.ts";
import { requestCounterContract } from "./request_counter_contract.ts";

const hasRedis = !lacks("redis");
let shared: Promise<RedisScene> | undefined;
Deno.test.afterAll(async () => await (await shared)?.[Symbol.asyncDispose]());

const noFallback: RequestCounter = {
  take: () => Promise.reject(new Error("Unexpected call: take")),
};

/** Counts under names of its own, so that each test begins at zero. */
async function openRedisCounter(): Promise<RequestCounter> {
  const redis = await (await (shared ??= openRedisScene())).link(patient);
  const counter = new RedisRequestCounter(redis, noFallback);
  const test = crypto.randomUUID();
  return { take: (key, limits, at) => counter.take(`${test} ${key}`, limits, at) };
}

requestCounterContract("MemoryRequestCounter", () => new MemoryRequestCounter());
requestCounterContract(
  "SharedRequestCounter",
  () => new SharedRequestCounter(openSharedCounts()),
);
requestCounterContract("RedisRequestCounter", hasRedis ? openRedisCounter : undefined);

const at = new Date("2026-01-02T03:04:05.000Z");
const limits = [{ unit: "hour", requestsMax: 1 }] as const;

Deno.test("MemoryRequestCounter keeps no more keys than it may, and forgets the quietest first", () => {
  const counter = new MemoryRequestCounter({ keysMax: 3 });
  for (const key of ["a", "b", "c"]) counter.take(key, limits, at);
  // Asking again is not being quiet, though it is refused.
  equal(counter.take("a", limits, at).taken, false);
  counter.take("d", limits, at);
  equal(counter.take("a", limits, at).taken, false);
  equal(counter.take("c", limits, at).taken, false);
  equal(counter.take("b", limits, at).taken, true);
});

Deno.test("SharedRequestCounters count together: what one has taken, no other can take", () => {
  const counts = openSharedCounts();
  const counters = [new SharedRequestCounter(counts), new SharedRequestCounter(counts)];
  const limit = [{ unit: "hour", requestsMax: 25 }] as const;
  const takes = Array.from({ length: 60 }, (_, n) => counters[n % 2]!.take("a", limit, at));
  equal(takes.filter(({ taken }) => taken).length, 25);
});

Deno.test("SharedRequestCounters in threads of their own let as many requests through as the limit allows, and not one more", async () => {
  const counts = openSharedCounts();
  const [asksMax, requestsMax] = [100_000, 150_000];
  const begun = new Int32Array(new SharedArrayBuffer(4));
  const entry = import.meta.resolve("../fixtures/counting_worker.ts");
  const workers = [1, 2].map(() => new Worker(entry, { type: "module" }));
  const taken = await Promise.all(workers.map((worker) =>
    new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({
        counts,
        asksMax,
        requestsMax,
        atMs: at.getTime(),
        begun,
        workers: workers.length,
      });
    })
  ));
  for (const worker of workers) worker.terminate();
  equal(taken.reduce((sum, own) => sum + own), requestsMax);
});

Deno.test("SharedRequestCounter keeps no more keys than it may, and forgets those that have ended, then the quietest, first", () => {
  const counter = new SharedRequestCounter(openSharedCounts(3));
  for (const key of ["a", "b", "c"]) counter.take(key, limits, at);
  // Asking again is not being quiet, though it is refused.
  equal(counter.take("a", limits, at).taken, false);
  counter.take("d", limits, at);
  equal(counter.take("a", limits, at).taken, false);
  equal(counter.take("c", limits, at).taken, false);
  equal(counter.take("b", limits, at).taken, true);
  counter.take("short", [{ unit: "second", requestsMax: 1 }], at);
  equal(counter.take("b", limits, at).taken, false);
  equal(counter.take("c", limits, at).taken, false);
  counter.take("new", limits, new Date(at.getTime() + 1_000));
  equal(counter.take("b", limits, at).taken, false);
  equal(counter.take("c", limits, at).taken, false);
});

Deno.test("SharedRequestCounter tells long keys apart, whatever they begin with", () => {
  const counter = new SharedRequestCounter(openSharedCounts());
  const long = "\u{1f600}".repeat(500);
  equal(counter.take(`${long}a`, limits, at).taken, true);
  equal(counter.take(`${long}b`, limits, at).taken, true);
  equal(counter.take(`${long}a`, limits, at).taken, false);
});

function test(promise: string, check: (scene: RedisScene) => Promise<void>): void {
  Deno.test({
    name: `RedisRequestCounter ${promise}`,
    ignore: !hasRedis,
    async fn() {
      await using scene = await openRedisScene();
      await check(scene);
    },
  });
}

test("counts for all gateways together", async (scene) => {
  const gateways = [await scene.link(patient), await scene.link(patient), await scene.link(patient)]
    .map((redis) => new RedisRequestCounter(redis, noFallback));
  const limit = [{ unit: "hour", requestsMax: 50 }] as const;
  const takes = Array.from({ length: 120 }, (_, n) => gateways[n % 3]!.take("a", limit, at));
  equal((await Promise.all(takes)).filter(({ taken }) => taken).length, 50);
});

test("goes on in this process while Redis is away, and for all when it is back", async (scene) => {
  const redis = await scene.link();
  const counter = new RedisRequestCounter(redis, new MemoryRequestCounter());
  equal((await counter.take("a", limits, at)).taken, true);
  await scene.server.kill();
  equal((await counter.take("a", limits, at)).taken, true, "this process has counted nothing yet");
  equal((await counter.take("a", limits, at)).taken, false);
  await scene.server.start();
  await isReady(redis);
  equal((await counter.take("a", limits, at)).taken, false);
  equal((await counter.take("b", limits, at)).taken, true);
});

test("costs a request at most its deadline when Redis is paused, and refuses as before", async (scene) => {
  const counter = new RedisRequestCounter(await scene.link(), new MemoryRequestCounter());
  await scene.server.pause();
  const startedMs = performance.now();
  const taken: boolean[] = [];
  for (let n = 0; n < 50; n++) taken.push((await counter.take("a", limits, at)).taken);
  const tookMs = performance.now() - startedMs;
  deepEqual(taken, [true, ...Array.from({ length: 49 }, () => false)]);
  // Three deadlines, and then nothing: 50 of them would be 2.5 s.
  ok(tookMs < 1_500, `${tookMs} ms`);
  await scene.server.resume();
});

test("says in its keys nothing of who is counted, and keeps them no longer than the window", async (scene) => {
  const redis = await scene.link();
  await new RedisRequestCounter(redis, noFallback).take("ip 192.0.2.1", limits, at);
  const [key, ...more] = z.array(z.string()).parse(await redis.send(["KEYS", "*"]));
  deepEqual(more, []);
  ok(!key!.includes("192.0.2"), key);
  const leftMs = Number(await redis.send(["PTTL", key!]));
  ok(leftMs > 0 && leftMs <= 3_600_000, `${leftMs}`);
});

test("throws while Redis is away when there is nothing to fall back to", async (scene) => {
  const redis = await scene.link();
  await scene.server.kill();
  await rejects(new RedisRequestCounter(redis).take("a", limits, at), RedisAwayError);
});

test("sends what is asked in one turn of the loop in one write, whatever the windows", async (scene) => {
  const redis = await scene.link(patient);
  const counter = new RedisRequestCounter(redis);
  const windows = (["second", "minute", "hour", "day", "month", "year"] as const)
    .map((unit) => ({ unit, requestsMax: 100 }));
  await counter.take("a", windows, at);
  const readsOf = async () => {
    const info = z.string().parse(await redis.send(["INFO", "stats"]));
    return Number(/total_reads_processed:(\d+)/.exec(info)![1]);
  };
  const before = await readsOf();
  await Promise.all(Array.from({ length: 16 }, () => counter.take("a", windows, at)));
  // One, and one of the question itself; the network may part a write in two.
  const reads = await readsOf() - before;
  ok(reads <= 4, `${reads} reads`);
});

test("counts what is asked in one turn of the loop by one call, for as many as it may", async (scene) => {
  const redis = await scene.link(patient);
  const calls: number[] = [];
  const counter = new RedisRequestCounter({
    send: (command) => redis.send(command),
    run(script, keys, values) {
      calls.push(keys.length);
      return redis.run(script, keys, values);
    },
    inBackground: () => redis.inBackground(),
    onReady: (listener) => redis.onReady(listener),
  });
  const limit = [{ unit: "hour", requestsMax: takenTogetherMax }] as const;
  const asked = Array.from({ length: takenTogetherMax + 3 }, () => counter.take("a", limit, at));
  const taken = await Promise.all(asked);
  deepEqual(calls, [takenTogetherMax, 3]);
  deepEqual(taken.map(({ counts }) => counts[0]), [
    ...Array.from({ length: takenTogetherMax }, (_, n) => n + 1),
    ...[takenTogetherMax, takenTogetherMax, takenTogetherMax],
  ]);
});

test("counts a caller as the same after more callers than it knows by name", async (scene) => {
  const counter = new RedisRequestCounter(await scene.link(patient));
  const limit = [{ unit: "hour", requestsMax: 9 }] as const;
  await counter.take("a", limit, at);
  await Promise.all(
    Array.from({ length: namesMax + 1 }, (_, n) => counter.take(`${n}`, limit, at)),
  );
  deepEqual((await counter.take("a", limit, at)).counts, [2]);
});
