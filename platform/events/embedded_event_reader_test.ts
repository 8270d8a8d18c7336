import { deepEqual, throws } from "node:assert/strict";
import { EmbeddedEventPublisher } from "./embedded_event_publisher.ts";
import { EmbeddedEventReader } from "./embedded_event_reader.ts";

function test(promise: string, check: (folder: string) => Promise<void>): void {
  Deno.test(promise, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await check(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

test("EmbeddedEventReader has no events until there is a file, and reads it then", async (folder) => {
  const path = `${folder}/orders.sqlite`;
  await using reader = new EmbeddedEventReader({ path, groupPath: ":memory:" });
  deepEqual(await reader.read(10), []);
  await Deno.writeFile(path, new Uint8Array());
  deepEqual(await reader.read(10), []);
  await using _publisher = new EmbeddedEventPublisher(path);
  deepEqual(await reader.read(10), []);
});

test("EmbeddedEventReader says so when it cannot read what is there", async (folder) => {
  await Deno.writeTextFile(`${folder}/text.sqlite`, "This is no database. ".repeat(100));
  for (const path of [folder, `${folder}/text.sqlite`]) {
    await using reader = new EmbeddedEventReader({ path, groupPath: ":memory:" });
    throws(() => void reader.read(10));
  }
});
