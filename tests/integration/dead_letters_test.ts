import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { RedisEventPublisher, RedisEventReader, retryRules } from "platform/events";
import { runDeadLetters, UsageError } from "tools/dead-letters";
import { lacks, redisUrl } from "tools/servers";
import { anEvent } from "../contract/events_contract.ts";
import { openRedisScene } from "../fixtures/real_redis.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test({
  name: "an operator lists what died, without its data, and gives it to the group again",
  ignore: lacks("redis"),
  async fn() {
    await using scene = await openRedisScene();
    const redis = await scene.link();
    await using publisher = new RedisEventPublisher(redis, "payment");
    const rules = { ...retryRules, attemptsMax: 1, triedForMs: 0 };
    await using reader = new RedisEventReader(redis, { source: "payment", group: "orders", rules });
    await publisher.publish([anEvent("e1", { secret: "hunter2" })]);
    const [delivery] = await reader.read(1);
    equal(await reader.failed(delivery!, "SomeError"), true);

    const ask = async (...args: string[]) => {
      const { tlsDir } = scene.scene;
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-P=operator", "--no-prompt", "tools/dead_letters.ts", ...args],
        cwd: root,
        env: {
          REDIS_URL: redisUrl(scene.server.port),
          TLS_CERT_FILE: `${tlsDir}/orders/cert.pem`,
          TLS_KEY_FILE: `${tlsDir}/orders/key.pem`,
          TLS_CA_FILE: `${tlsDir}/ca.pem`,
        },
      });
      const { code, stdout, stderr } = await command.output();
      const text = new TextDecoder().decode(stdout);
      ok(code === 0 || args.includes("0-1"), text + new TextDecoder().decode(stderr));
      return text;
    };
    const listed = await ask("list", "payment", "orders");
    match(
      listed,
      /1 attempts {2}SomeError {2}sallyport\.test\.thing\.happened thing\n1 dead letters/,
    );
    ok(!listed.includes("hunter2"));
    match(await ask("replay", "payment", "orders", "0-1"), /There is no dead letter 0-1/);
    match(await ask("replay", "payment", "orders", "all"), /^Replayed \d+-\d+$/m);
    match(await ask("list", "payment", "orders"), /^0 dead letters$/m);
    deepEqual((await reader.read(10)).map(({ event }) => event.id), ["e1"]);
  },
});

Deno.test("what is no command for dead letters is told how to be one", async () => {
  const tools = { open: () => Promise.reject(new Error("Unexpected call: open")), say() {} };
  for (
    const args of [
      [],
      ["list"],
      ["list", "a"],
      ["replay", "a", "b"],
      ["list", "a", "b", "c", "d"],
      [
        "drop",
        "a",
        "b",
      ],
    ]
  ) {
    await rejects(runDeadLetters(args, tools), UsageError, args.join(" "));
  }
});
