import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ensureCertificates } from "certs/store";
import { Secret } from "platform/config";
import {
  openRedisLink,
  RedisAwayError,
  type RedisConfig,
  RedisLink,
  type RedisLinkOptions,
  RedisScript,
} from "platform/redis";
import { createLogger, silentLogger } from "platform/telemetry";
import { lacks, redisUrl } from "tools/servers";
import { eventually } from "../fixtures/eventually.ts";
import { isReady, openRedisScene, type RedisScene } from "../fixtures/real_redis.ts";

/** What a call may cost beyond its deadline on a machine that is busy with other tests. Without one, it costs seconds. */
const slackMs = 500;

function test(promise: string, check: (scene: RedisScene) => Promise<void>): void {
  Deno.test({
    name: `RedisLink ${promise}`,
    ignore: lacks("redis"),
    async fn() {
      await using scene = await openRedisScene();
      await check(scene);
    },
  });
}

test("answers commands and scripts, known to the server or not", async ({ link }) => {
  const redis = await link();
  equal(await redis.send(["SET", "key", "value"]), "OK");
  const script = new RedisScript("return {redis.call('GET', KEYS[1]), ARGV[1]}");
  for (let round = 0; round < 2; round++) {
    deepEqual(await redis.run(script, ["key"], [round]), ["value", String(round)]);
  }
  await redis.send(["SCRIPT", "FLUSH"]);
  deepEqual(await redis.run(script, ["key"], [2]), ["value", "2"]);
});

test("leaves no timer behind an answer that has come", async (scene) => {
  const redis = await scene.link();
  const timeout = AbortSignal.timeout;
  let timers = 0;
  AbortSignal.timeout = (ms) => {
    timers += 1;
    return timeout(ms);
  };
  try {
    for (let round = 0; round < 20; round++) await redis.send(["PING"]);
  } finally {
    AbortSignal.timeout = timeout;
  }
  equal(timers, 0);
});

test("fails at once while the server is gone, and comes back with it by itself", async (scene) => {
  const redis = await scene.link();
  for (let round = 0; round < 2; round++) {
    const pending = Array.from({ length: 20 }, () => redis.send(["BLPOP", "none", "0"]));
    const failed = Promise.all(pending.map((call) => rejects(call, RedisAwayError)));
    await scene.server.kill();
    await failed;
    const tookMs = await timeMs(() => rejects(redis.send(["GET", "key"]), RedisAwayError));
    ok(tookMs < slackMs, `${tookMs} ms`);
    await scene.server.start();
    await isReady(redis);
  }
});

test("loses its deadline to a server that is paused, a few times, and then nothing", async (scene) => {
  const redis = await scene.link();
  await scene.server.pause();
  const took: number[] = [];
  for (let call = 0; call < 20; call++) {
    took.push(await timeMs(() => rejects(redis.send(["GET", "key"]), RedisAwayError)));
  }
  ok(took.slice(0, 3).every((ms) => ms < 50 + slackMs), took.join());
  const rest = took.slice(3).reduce((sum, ms) => sum + ms, 0);
  ok(rest < slackMs, `17 calls took ${rest} ms`);
  await scene.server.resume();
  await isReady(redis);
});

test("tells its listeners each time that it is ready", async (scene) => {
  const redis = await scene.link();
  let times = 0;
  using _ = redis.onReady(() => times++);
  equal(times, 1);
  await scene.server.kill();
  await scene.server.start();
  await eventually("it is told again", () => times === 2);
});

test("waits for a server that is not there yet, and tells of it once", async (scene) => {
  await scene.server.kill();
  const lines: string[] = [];
  const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
  const identity = await scene.identity("orders");
  await using redis = new RedisLink({ config: configOf(scene), identity, log });
  await rejects(redis.send(["PING"]), RedisAwayError);
  await eventually("it has failed", () => lines.length > 0);
  await scene.server.start();
  await isReady(redis);
  equal(lines.filter((line) => line.includes("Cannot reach Redis")).length, 1);
});

test("is there when a program begins, which begins without Redis, too", async (scene) => {
  const needs = { identity: await scene.identity("orders"), log: silentLogger, deadlineMs: 5_000 };
  await using redis = await openRedisLink(configOf(scene), needs);
  equal(await redis!.send(["PING"]), "PONG");
  await scene.server.kill();
  await using other = await openRedisLink(configOf(scene), needs);
  await rejects(other!.send(["PING"]), RedisAwayError);
  await scene.server.start();
  await isReady(other!);
  equal(await openRedisLink(undefined, needs), undefined);
});

test("takes the newest certificate for each new connection", async (scene) => {
  const identity = await scene.identity("orders", { pollMs: 10 });
  const redis = await scene.link({ identity });
  const before = identity.material.cert;
  for (const file of ["cert.pem", "key.pem"]) {
    await Deno.remove(`${scene.scene.tlsDir}/orders/${file}`);
  }
  await ensureCertificates(scene.scene.tlsDir, ["orders"], new Date());
  await eventually("the new certificate is taken", () => identity.material.cert !== before);
  const shown: string[] = [];
  const watched = {
    ...noneRevoked,
    get material() {
      shown.push(identity.material.cert);
      return identity.material;
    },
  };
  await using other = new RedisLink({
    config: configOf(scene),
    identity: watched,
    log: silentLogger,
  });
  await isReady(other);
  await scene.server.kill();
  await scene.server.start();
  await Promise.all([isReady(redis), isReady(other)]);
  ok(shown.length > 1 && shown.every((cert) => cert !== before));
});

test("talks to no server that another authority vouches for", async (scene) => {
  await ensureCertificates(`${scene.scene.dir}/other`, ["orders"], new Date());
  const pem = await Deno.readTextFile(`${scene.scene.dir}/other/ca.pem`);
  for (const ca of [pem, "system"]) {
    const lines: string[] = [];
    const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
    const config = { ...configOf(scene), ca };
    await using redis = new RedisLink({ config, identity: await scene.identity("orders"), log });
    await eventually("it has failed", () => lines.some((line) => line.includes("Cannot reach")));
    await rejects(redis.send(["PING"]), RedisAwayError);
  }
});

test("talks to no server that has been revoked", async (scene) => {
  const serial = await serialOf(`${scene.scene.tlsDir}/redis/cert.pem`);
  const { material } = await scene.identity("orders");
  const lines: string[] = [];
  const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
  let revoked = "";
  const listeners: (() => void)[] = [];
  const identity: RedisLinkOptions["identity"] = {
    material,
    isRevoked: (other) => other === revoked,
    onRevoked(listener) {
      listeners.push(listener);
      return new DisposableStack();
    },
  };
  await using redis = new RedisLink({ config: configOf(scene), identity, log });
  await isReady(redis);
  revoked = serial;
  for (const listener of listeners) listener();
  await eventually("it has failed", () => lines.some((line) => line.includes("is revoked")));
  await rejects(redis.send(["PING"]), RedisAwayError);
});

test("survives a server that refuses its certificate", async (scene) => {
  const { dir } = scene.scene;
  await ensureCertificates(`${dir}/other`, ["orders"], new Date());
  const read = (path: string) => Deno.readTextFile(`${dir}/${path}`);
  const material = {
    cert: await read("other/orders/cert.pem"),
    key: await read("other/orders/key.pem"),
    ca: await read("tls/ca.pem"),
  };
  const lines: string[] = [];
  const log = createLogger({ service: "test", write: (line) => void lines.push(line) });
  await using redis = new RedisLink({
    config: configOf(scene),
    identity: { material, ...noneRevoked },
    log,
  });
  await eventually("it has failed", () => lines.some((line) => line.includes("Cannot reach")));
  await rejects(redis.send(["PING"]), RedisAwayError);
});

const noneRevoked = { isRevoked: () => false, onRevoked: () => new DisposableStack() };

async function serialOf(certFile: string): Promise<string> {
  return new X509Certificate(await Deno.readTextFile(certFile)).serialNumber;
}

function configOf({ server }: RedisScene): RedisConfig {
  return { url: new Secret(redisUrl(server.port)) };
}

async function timeMs(act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}
