import { deepEqual, equal } from "node:assert/strict";
import {
  EmbeddedEventPublisher,
  EmbeddedEventReader,
  RedisEventPublisher,
  RedisEventReader,
  retryRules,
} from "platform/events";
import { Database } from "platform/store";
import { lacks } from "tools/servers";
import { openRedisScene, patient } from "../fixtures/real_redis.ts";
import { openRedisStreams } from "../fixtures/redis_streams.ts";
import { anEvent, eventsContract, type EventStream } from "./events_contract.ts";
import { failedEventsContract } from "./failed_events_contract.ts";

/** Files in a folder of their own, which goes with the stream. */
async function openFiles(): Promise<
  EventStream & { readonly dir: string; readonly path: string }
> {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/test.sqlite`;
  return {
    dir,
    path,
    publisher: () => new EmbeddedEventPublisher(path),
    reader: (group = "test", rules = {}) =>
      new EmbeddedEventReader({
        path,
        groupPath: `${dir}/${group}_handled.sqlite`,
        rules: { ...retryRules, ...rules },
      }),
    writeRaw(text) {
      using db = Database.open(path, [""]);
      db.run("insert into events (id, event) values (:id, :text)", {
        id: crypto.randomUUID(),
        text,
      });
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

eventsContract("Embedded event log", openFiles);
failedEventsContract("Embedded event log", openFiles);

const redis = lacks("redis") ? undefined : openRedisStreams();
Deno.test.afterAll(async () => await redis?.[Symbol.asyncDispose]());
eventsContract("Redis event stream", redis?.open);
failedEventsContract("Redis event stream", redis?.open);

Deno.test({
  name: "Redis event stream goes on after a flush, with a new stream and group",
  ignore: !redis,
  async fn() {
    await using scene = await openRedisScene();
    const link = await scene.link(patient);
    await using publisher = new RedisEventPublisher(link, "test");
    await using reader = new RedisEventReader(link, { source: "test", group: "test" });
    await publisher.publish([anEvent("e1"), anEvent("e2")]);
    const [first] = await reader.read(1);
    await link.send(["FLUSHALL"]);
    await reader.handled(first!);
    equal(await reader.failed(first!, "Failed"), false);
    deepEqual(await reader.read(10), []);
    await publisher.publish([anEvent("e3")]);
    deepEqual((await reader.read(10)).map(({ event }) => event.id), ["e3"]);
  },
});

Deno.test({
  name: "Redis event stream forgets a reader that has left, and loses nothing that it took",
  ignore: !redis,
  async fn() {
    await using scene = await openRedisScene();
    const link = await scene.link(patient);
    await using publisher = new RedisEventPublisher(link, "test");
    const options = { source: "test", group: "test" };
    {
      await using leaving = new RedisEventReader(link, options);
      await publisher.publish([anEvent("e1")]);
      equal((await leaving.read(10)).length, 1);
    }
    await using reader = new RedisEventReader(link, options);
    deepEqual((await reader.read(10)).map(({ event }) => event.id), ["e1"]);
    const consumers = await link.send(["XINFO", "CONSUMERS", "sallyport:{events:test}", "test"]);
    // The one that reads, and the one that holds what is nobody's.
    equal((consumers as unknown[]).length, 2);
  },
});

Deno.test("Embedded event log can be read while its file has no table yet", async () => {
  await using stream = await openFiles();
  await Deno.writeFile(stream.path, new Uint8Array());
  await using reader = stream.reader();
  deepEqual(await reader.read(10), []);
  await using publisher = stream.publisher();
  await publisher.publish([anEvent("e1")]);
  deepEqual((await reader.read(10)).map(({ event }) => event.id), ["e1"]);
});

Deno.test("Embedded event log does not write where it only reads", async () => {
  await using stream = await openFiles();
  await using reader = stream.reader();
  await reader.read(10);
  const names = (await Array.fromAsync(Deno.readDir(stream.dir))).map(({ name }) => name);
  deepEqual(names.filter((name) => !name.startsWith("test_handled.sqlite")), []);
});
