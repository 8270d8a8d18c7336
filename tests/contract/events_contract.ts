import { deepEqual, equal, ok } from "node:assert/strict";
import {
  type CloudEvent,
  type EventPublisher,
  type EventReader,
  toCloudEvent,
} from "platform/events";

const noon = new Date("2026-01-02T12:00:00.000Z");

/** A stream that one program writes and others read, and that is empty to begin with. */
export interface EventStream extends AsyncDisposable {
  /** Opens a writer: the only one at its time. */
  publisher(): EventPublisher;
  /** Opens a reader with a connection of its own. */
  reader(): EventReader;
}

/** What every pair of EventPublisher and EventReader must do. Without `open`, the tests are ignored. */
export function eventsContract(adapter: string, open?: () => Promise<EventStream>): void {
  function test(promise: string, check: (stream: EventStream) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using stream = await open!();
        await check(stream);
      },
    });
  }

  test("gives events back as they were published, in order", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const events = someEvents(5);
    await publisher.publish(events.slice(0, 2));
    await publisher.publish(events.slice(2));
    deepEqual(await read(reader), events);
  });

  test("keeps whatever JSON an event carries", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const data = {
      text: "€ ' \" \\ \n \u0000 😀",
      nested: { list: [1, null, true] },
      amount: 1e12,
    };
    await publisher.publish([anEvent("e1", data)]);
    deepEqual((await read(reader))[0]?.data, data);
  });

  test("gives an event once that was published twice", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const [first, second, third] = someEvents(3) as [CloudEvent, CloudEvent, CloudEvent];
    await publisher.publish([first, second]);
    await publisher.publish([first, second, third]);
    await publisher.publish([third, third]);
    deepEqual(await read(reader), [first, second, third]);
  });

  test("goes on after a position, without gap or repetition", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const events = someEvents(12);
    await publisher.publish(events);
    const seen: CloudEvent[] = [];
    let position: string | undefined;
    for (let page = 0; page < 6; page++) {
      const deliveries = await reader.read(position, 2);
      equal(deliveries.length, 2);
      seen.push(...deliveries.map(({ event }) => event));
      position = deliveries.at(-1)!.position;
    }
    deepEqual(seen, events);
    deepEqual(await reader.read(position, 2), []);

    const more = [anEvent("later")];
    await publisher.publish(more);
    deepEqual((await reader.read(position, 2)).map(({ event }) => event), more);
  });

  test("gives a position that holds for another reader, and after a restart", async (stream) => {
    const events = someEvents(3);
    let position: string | undefined;
    {
      await using publisher = stream.publisher();
      await using reader = stream.reader();
      await publisher.publish(events);
      position = (await reader.read(undefined, 1))[0]?.position;
    }
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    await publisher.publish(events);
    deepEqual((await reader.read(position, 10)).map(({ event }) => event), events.slice(1));
  });

  test("has nothing to read before anything was published", async (stream) => {
    await using reader = stream.reader();
    deepEqual(await read(reader), []);
    await using publisher = stream.publisher();
    deepEqual(await read(reader), []);
    await publisher.publish([]);
    deepEqual(await read(reader), []);
    const events = someEvents(1);
    await publisher.publish(events);
    deepEqual(
      await read(reader),
      events,
      "who came too early reads on as soon as there is something",
    );
  });

  test("shows every reader what is kept, as soon as publishing is over", async (stream) => {
    await using publisher = stream.publisher();
    await using one = stream.reader();
    await using other = stream.reader();
    const events = someEvents(20);
    for (const [index, event] of events.entries()) {
      await publisher.publish([event]);
      equal((await read(one)).length, index + 1);
    }
    deepEqual(await read(other), events);
  });

  test("keeps the order of events that are published while others read", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const events = someEvents(40);
    const publishing = (async () => {
      for (const event of events) await publisher.publish([event]);
    })();
    const seen: CloudEvent[] = [];
    let position: string | undefined;
    let isLast = false;
    publishing.finally(() => isLast = true);
    for (let over = false; !over;) {
      over = isLast;
      const deliveries = await reader.read(position, 7);
      seen.push(...deliveries.map(({ event }) => event));
      position = deliveries.at(-1)?.position ?? position;
      over &&= deliveries.length === 0;
    }
    await publishing;
    deepEqual(seen.map(({ id }) => id), events.map(({ id }) => id));
  });

  test("gives no more than it is asked for", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    await publisher.publish(someEvents(3));
    equal((await reader.read(undefined, 2)).length, 2);
    const positions = (await reader.read(undefined, 10)).map(({ position }) => position);
    ok(new Set(positions).size === 3, "each has a place of its own");
  });
}

export function anEvent(id: string, data: Readonly<Record<string, unknown>> = {}): CloudEvent {
  const type = "sallyport.test.thing.happened";
  return toCloudEvent("test", id, { type, subject: "thing", at: noon, data });
}

function someEvents(count: number): CloudEvent[] {
  return Array.from({ length: count }, (_, index) => anEvent(`e${index}`, { index }));
}

async function read(reader: EventReader): Promise<CloudEvent[]> {
  return (await reader.read(undefined, 100)).map(({ event }) => event);
}
