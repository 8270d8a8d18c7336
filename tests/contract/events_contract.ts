import { deepEqual, equal } from "node:assert/strict";
import {
  type CloudEvent,
  type DeadLetters,
  type EventPublisher,
  type EventReader,
  type RetryRules,
  toCloudEvent,
} from "platform/events";

const noon = new Date("2026-01-02T12:00:00.000Z");

/** A stream that one program writes and others read, and that is empty to begin with. */
export interface EventStream extends AsyncDisposable {
  /** Opens a writer: the only one at its time. */
  publisher(): EventPublisher;
  /** Opens a reader of a group. */
  reader(group?: string, rules?: Partial<RetryRules>): EventReader & DeadLetters;
  /** Writes what is no event to where the events are. */
  writeRaw(text: string): Promise<void>;
}

/** What every pair of EventPublisher and EventReader must do. Without `open`, the tests are ignored. */
export function eventsContract(adapter: string, open?: () => Promise<EventStream>): void {
  const test = tester(adapter, open);

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

  test("goes on after what was handled, without gap or repetition", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    const events = someEvents(12);
    await publisher.publish(events);
    const seen: CloudEvent[] = [];
    for (let page = 0; page < 6; page++) {
      const deliveries = await reader.read(2);
      equal(deliveries.length, 2);
      for (const delivery of deliveries) {
        seen.push(delivery.event);
        await reader.handled(delivery);
      }
    }
    deepEqual(seen, events);
    deepEqual(await reader.read(2), []);

    const more = [anEvent("later")];
    await publisher.publish(more);
    deepEqual((await reader.read(2)).map(({ event }) => event), more);
  });

  test("gives what was not handled again, also to the reader after a restart", async (stream) => {
    const events = someEvents(3);
    {
      await using publisher = stream.publisher();
      await using reader = stream.reader();
      await publisher.publish(events);
      const [first] = await reader.read(2);
      await reader.handled(first!);
    }
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    await publisher.publish(events);
    deepEqual((await reader.read(10)).map(({ event }) => event), events.slice(1));
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

  test("gives each group everything, as soon as publishing is over", async (stream) => {
    await using publisher = stream.publisher();
    await using one = stream.reader("one");
    await using other = stream.reader("other");
    const events = someEvents(20);
    for (const event of events) {
      await publisher.publish([event]);
      const [delivery] = await one.read(1);
      deepEqual(delivery?.event, event);
      await one.handled(delivery!);
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
    let isLast = false;
    publishing.finally(() => isLast = true);
    for (let over = false; !over;) {
      over = isLast;
      const deliveries = await reader.read(7);
      for (const delivery of deliveries) await reader.handled(delivery);
      seen.push(...deliveries.map(({ event }) => event));
      over &&= deliveries.length === 0;
    }
    await publishing;
    deepEqual(seen.map(({ id }) => id), events.map(({ id }) => id));
  });

  test("gives no more than it is asked for, and nothing twice while a reader is at it", async (stream) => {
    await using publisher = stream.publisher();
    await using reader = stream.reader();
    await publisher.publish(someEvents(3));
    const deliveries = [...await reader.read(2), ...await reader.read(10)];
    deepEqual(deliveries.map(({ event }) => event), someEvents(3));
    equal(
      new Set(deliveries.map(({ position }) => position)).size,
      3,
      "each has a place of its own",
    );
    deepEqual(await reader.read(10), []);
  });

  test("shares the events of a group among its readers", async (stream) => {
    await using publisher = stream.publisher();
    await using one = stream.reader();
    await using other = stream.reader();
    await publisher.publish(someEvents(60));
    const seen: string[] = [];
    const readAll = async (reader: EventReader) => {
      for (let given = await reader.read(3); given.length > 0; given = await reader.read(3)) {
        for (const delivery of given) await reader.handled(delivery);
        seen.push(...given.map(({ event }) => event.id));
      }
    };
    await Promise.all([readAll(one), readAll(other)]);
    deepEqual(seen.toSorted(), someEvents(60).map(({ id }) => id).toSorted());
  });
}

type TestStream = (promise: string, check: (stream: EventStream) => Promise<void>) => void;

/** Makes tests of streams, each with one of its own. */
export function tester(
  adapter: string,
  open: (() => Promise<EventStream>) | undefined,
): TestStream {
  return (promise, check) =>
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using stream = await open!();
        await check(stream);
      },
    });
}

export function anEvent(id: string, data: Readonly<Record<string, unknown>> = {}): CloudEvent {
  const type = "sallyport.test.thing.happened";
  return toCloudEvent("test", id, { type, subject: "thing", at: noon, data });
}

export function someEvents(count: number): CloudEvent[] {
  return Array.from({ length: count }, (_, index) => anEvent(`e${index}`, { index }));
}

export async function read(reader: EventReader): Promise<CloudEvent[]> {
  return (await reader.read(100)).map(({ event }) => event);
}
