import {
  EmbeddedEventPublisher,
  EmbeddedEventTail,
  RedisEventPublisher,
  RedisEventTail,
} from "platform/events";
import { lacks } from "tools/servers";
import { openRedisScene, patient } from "../fixtures/real_redis.ts";
import { eventTailContract } from "./event_tail_contract.ts";

eventTailContract("EmbeddedEventTail", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/auth.sqlite`;
  let publisher: EmbeddedEventPublisher | undefined;
  return {
    // Made when it is first asked for: readers may be there before the file.
    get publisher() {
      return publisher ??= new EmbeddedEventPublisher(path);
    },
    openTail: (since) => new EmbeddedEventTail({ path, since }),
    async [Symbol.asyncDispose]() {
      await publisher?.[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
});

if (!lacks("redis")) {
  const scene = openRedisScene();
  Deno.test.afterAll(async () => await (await scene)[Symbol.asyncDispose]());
  eventTailContract("RedisEventTail", async () => {
    const link = await (await scene).link(patient);
    const source = crypto.randomUUID();
    return {
      publisher: new RedisEventPublisher(link, source),
      openTail: (since) => new RedisEventTail(link, { source, since }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  });
}
