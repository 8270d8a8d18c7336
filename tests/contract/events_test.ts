import { deepEqual } from "node:assert/strict";
import { EmbeddedEventPublisher, EmbeddedEventReader } from "platform/events";
import { anEvent, eventsContract, type EventStream } from "./events_contract.ts";

/** Files in a folder of their own, which goes with the stream. */
async function openFiles(): Promise<EventStream & { readonly path: string }> {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/test.sqlite`;
  return {
    path,
    publisher: () => new EmbeddedEventPublisher(path),
    reader: () => new EmbeddedEventReader(path),
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

eventsContract("Embedded event log", openFiles);

Deno.test("Embedded event log can be read while its file has no table yet", async () => {
  await using stream = await openFiles();
  await Deno.writeFile(stream.path, new Uint8Array());
  await using reader = stream.reader();
  deepEqual(await reader.read(undefined, 10), []);
  await using publisher = stream.publisher();
  await publisher.publish([anEvent("e1")]);
  deepEqual((await reader.read(undefined, 10)).map(({ event }) => event.id), ["e1"]);
});

Deno.test("Embedded event log does not write where it only reads", async () => {
  await using stream = await openFiles();
  await using reader = stream.reader();
  await reader.read(undefined, 10);
  deepEqual(await Array.fromAsync(Deno.readDir(stream.path.replace("/test.sqlite", ""))), []);
});
