import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { RedisLoginAttempts } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { accountLimit, AuthError, forgottenAfterMs, LoginAttempts } from "@services/auth/domain";
import type { SignInAttempts } from "@services/auth/ports";
import { TestKeyRing } from "platform/crypto/testing";
import { lacks } from "tools/servers";
import { z } from "zod";
import { isReady, openRedisScene, patient, type RedisScene } from "../fixtures/real_redis.ts";
import { signInAttemptsContract, waitSeconds } from "./sign_in_attempts_contract.ts";

const hasRedis = !lacks("redis");
const names = ciphersOf(new TestKeyRing()).attempts;
const now = new Date("2026-01-02T12:00:00.000Z");
let shared: Promise<RedisScene> | undefined;
Deno.test.afterAll(async () => await (await shared)?.[Symbol.asyncDispose]());

const noFallback: SignInAttempts = {
  begin: () => Promise.reject(new Error("Unexpected call: begin")),
};

/** Counts under names of its own, so that each test begins at zero. */
async function openRedisAttempts(): Promise<SignInAttempts> {
  const redis = await (await (shared ??= openRedisScene())).link(patient);
  const test = crypto.randomUUID();
  return new RedisLoginAttempts(redis, { of: (who) => `${test} ${names.of(who)}` }, noFallback);
}

signInAttemptsContract("LoginAttempts", () => Promise.resolve(new LoginAttempts()));
signInAttemptsContract("RedisLoginAttempts", hasRedis ? openRedisAttempts : undefined);

function test(promise: string, check: (scene: RedisScene) => Promise<void>): void {
  Deno.test({
    name: `RedisLoginAttempts ${promise}`,
    ignore: !hasRedis,
    async fn() {
      await using scene = await openRedisScene();
      await check(scene);
    },
  });
}

test("counts for all replicas together", async (scene) => {
  const replicas = [await scene.link(), await scene.link(), await scene.link()]
    .map((redis) => new RedisLoginAttempts(redis, names, noFallback));
  const begin = async (n: number) => await replicas[n % 3]!.begin("ada", `${n}`, now);
  const begun = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => begin(n)));
  equal(begun.filter(({ status }) => status === "fulfilled").length, accountLimit.freeMax);
});

test("goes on counting in this process while Redis is away, and for all when it is back", async (scene) => {
  const redis = await scene.link();
  const attempts = new RedisLoginAttempts(redis, names, new LoginAttempts());
  for (let n = 0; n < accountLimit.freeMax; n++) await attempts.begin("ada", `${n}`, now);
  equal(await waitSeconds(attempts, "ada", "home", now), 1);
  const pending = await attempts.begin("bob", "home", now);
  await scene.server.kill();
  await pending.succeeded();
  for (let n = 0; n < accountLimit.freeMax; n++) await attempts.begin("ada", `away ${n}`, now);
  await rejects(attempts.begin("ada", "away", now), AuthError);
  await scene.server.start();
  await isReady(redis);
  equal(await waitSeconds(attempts, "ada", "home", now), 1, "what Redis kept on disk still counts");
});

test("says in its keys nothing of who signs in, and forgets them in time", async (scene) => {
  const redis = await scene.link();
  const attempts = new RedisLoginAttempts(redis, names, noFallback);
  await attempts.begin("ada@example.com", "192.0.2.1", now);
  const keys = z.array(z.string()).parse(await redis.send(["KEYS", "*"]));
  equal(keys.length, 2);
  deepEqual(keys.filter((key) => /ada|example|192\.0/.test(key)), []);
  for (const key of keys) {
    const leftMs = Number(await redis.send(["PTTL", key]));
    ok(leftMs > 0 && leftMs <= forgottenAfterMs, `${leftMs}`);
  }
});
