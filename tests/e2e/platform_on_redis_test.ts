import { deepEqual, equal, ok } from "node:assert/strict";
import { runDemo } from "tools/demo";
import { freePort } from "tools/platform";
import { lacks, type RealServer, redisUrl, startRedis } from "tools/servers";
import { call, openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import { eventually } from "../fixtures/eventually.ts";

Deno.test({
  name: "the platform does everything on Redis, goes on without it, and comes back to it",
  ignore: lacks("redis"),
  async fn(t) {
    await using opened = new AsyncDisposableStack();
    const dataDir = await Deno.makeTempDir({ prefix: "sallyport_redis_" });
    opened.defer(() => Deno.remove(dataDir, { recursive: true }));
    let redis!: RealServer;
    await using platform = await openTestPlatform({
      async startStores(dir) {
        const port = freePort();
        redis = opened.use(await startRedis({ dataDir, tlsDir: `${dir}/tls`, port }));
        const env = { REDIS_URL: redisUrl(port) };
        return { auth: env, payment: env, orders: env, gateway: env };
      },
    });

    await t.step("the demo goes through", () => demo(platform));

    await t.step(
      "Redis holds copies, events and counts, and nothing personal in clear",
      async () => {
        const token = await platform.tokenOf("alice");
        for (let read = 0; read < 2; read++) equal((await me(platform, token)).status, 200);
        const text = await written(dataDir);
        for (const kind of ["cache:{auth.user", "{events:orders}", "rate:", "sign-in:"]) {
          ok(text.includes(`sallyport:${kind}`), kind);
        }
        const people = platform.credentials.users.flatMap((
          { email, password },
        ) => [email, password]);
        const secrets = [...people, "@example.com", "Alice", "eyJ", "pm_card", "$argon2id", token];
        deepEqual(secrets.filter((secret) => text.includes(secret)), []);
      },
    );

    await t.step("while Redis is gone, people sign in, order and read", async () => {
      await redis.kill();
      await demo(platform);
      const { status, headers } = await me(platform, await platform.tokenOf("bob"));
      equal(status, 200);
      ok(Number(headers.get("ratelimit-remaining")) > 0, "limits are in force");
    });

    await t.step(
      "when Redis is back, what happened meanwhile is told, and limits are common",
      async () => {
        const before = (await written(dataDir)).length;
        await redis.start();
        await eventually("programs use it again", async () => {
          await me(platform, await platform.tokenOf("bob"));
          const since = (await written(dataDir)).slice(before);
          const kinds = ["cache:{auth.user", "{events:orders}", "{events:payment}", "rate:"];
          return kinds.every((kind) => since.includes(`sallyport:${kind}`));
        });
        await demo(platform);
      },
    );
  },
});

async function demo({ edge, credentials }: TestPlatform): Promise<void> {
  const lines: string[] = [];
  await runDemo({ edge, credentials, print: (line) => void lines.push(line) });
  equal(lines.at(-1), "Everything went as it must.");
}

/** All that was ever written to Redis. */
async function written(dir: string): Promise<string> {
  const log = await Deno.readFile(`${dir}/appendonlydir/appendonly.aof.1.incr.aof`);
  return new TextDecoder("latin1").decode(log);
}

function me(platform: TestPlatform, token: string): ReturnType<typeof call> {
  return call(platform, "/users/me", { token });
}
