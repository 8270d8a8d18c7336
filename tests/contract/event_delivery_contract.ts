import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  type CloudEvent,
  consumeEvents,
  type Delivery,
  type EventPublisher,
  type EventReader,
  type Happening,
  type Inbox,
  type Outbox,
  relayOutbox,
} from "platform/events";
import { silentLogger } from "platform/telemetry";

/** The two ends of a delivery, and the only effect that it has: a list of what happened. */
export interface DeliveryEnds extends AsyncDisposable {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  /** Commits a change together with its event; neither, when `fails`. */
  commit(happening: Happening, fails?: boolean): Promise<void>;
  /** Has the effect and records the event, together; neither, when `fails`. */
  handle(delivery: Delivery, fails?: boolean): Promise<void>;
  /** Subjects of the events that have had their effect, one for each time. */
  effects(): Promise<readonly string[]>;
  /** The same ends after a crash: nothing of the process is left but what it had committed. */
  restarted(): Promise<DeliveryEnds>;
}

type TestEnds = (promise: string, check: (ends: DeliveryEnds) => Promise<void>) => void;

/** What outbox, relay and inbox must do together. Without `open`, the tests are ignored. */
export function eventDeliveryContract(adapter: string, open?: () => Promise<DeliveryEnds>): void {
  const test: TestEnds = (promise, check) =>
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using ends = await open!();
        await check(ends);
      },
    });
  testSending(test);
  testReceiving(test);
}

/** The line between the programs: it keeps whatever it is given, as often as it is given. */
class Wire implements EventPublisher, EventReader {
  readonly events: CloudEvent[] = [];
  /** Whether the sender dies after publishing, before it has noted that it did. */
  killsSender = false;
  isDown = false;

  // deno-lint-ignore require-await -- whatever is thrown must come as a rejection.
  async publish(events: readonly CloudEvent[]): Promise<void> {
    if (this.isDown) throw new Error("The line is down");
    this.events.push(...events);
    if (this.killsSender) throw new Error("Killed");
  }

  read(position: string | undefined, limit: number): Promise<readonly Delivery[]> {
    const after = Number(position ?? 0);
    const deliveries = this.events.map((event, index) => ({ event, position: String(index + 1) }));
    return Promise.resolve(deliveries.slice(after, after + limit));
  }

  get subjects(): readonly string[] {
    return this.events.map(({ subject }) => subject);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function testSending(test: TestEnds): void {
  test("sends what was committed, oldest first, and then forgets it", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a", "b", "c"]);
    await relayOnce(ends, wire);
    deepEqual(wire.subjects, ["a", "b", "c"]);
    deepEqual(await ends.outbox.pending(10), []);
  });

  test("tells nothing of a change that was not committed", async (ends) => {
    await commitAll(ends, ["a"]);
    await rejects(ends.commit(happening("b"), true));
    await commitAll(ends, ["c"]);
    deepEqual((await ends.outbox.pending(10)).map(({ subject }) => subject), ["a", "c"]);
  });

  test("gives each event an id of its own, which it keeps", async (ends) => {
    await commitAll(ends, ["a", "a"]);
    const [first, second] = await ends.outbox.pending(10);
    equal(first?.id === second?.id, false);
    deepEqual((await ends.outbox.pending(1))[0], first);
  });

  test("keeps what cannot be sent until the line is there again", async (ends) => {
    const wire = new Wire();
    wire.isDown = true;
    await commitAll(ends, ["a"]);
    await relayOnce(ends, wire);
    await using restarted = await ends.restarted();
    await commitAll(restarted, ["b"]);
    wire.isDown = false;
    await relayOnce(restarted, wire);
    deepEqual(wire.subjects, ["a", "b"]);
  });

  test("sends more than one load, in order", async (ends) => {
    const wire = new Wire();
    const subjects = Array.from({ length: 230 }, (_, index) => `s${index}`);
    await commitAll(ends, subjects);
    for (let load = 0; load < 3; load++) await relayOnce(ends, wire);
    deepEqual(wire.subjects, subjects);
  });
}

function testReceiving(test: TestEnds): void {
  test("sends twice, and has its effect once, when killed after publishing", async (ends) => {
    const wire = new Wire();
    wire.killsSender = true;
    await commitAll(ends, ["a", "b"]);
    await relayOnce(ends, wire);
    await consumeOnce(ends, wire);
    await using restarted = await ends.restarted();
    wire.killsSender = false;
    await relayOnce(restarted, wire);
    await consumeOnce(restarted, wire);
    deepEqual(wire.subjects, ["a", "b", "a", "b"]);
    deepEqual(await restarted.effects(), ["a", "b"]);
    deepEqual(await restarted.outbox.pending(10), []);
  });

  test("goes on after the last event handled, also after a restart", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a", "b"]);
    await relayOnce(ends, wire);
    await consumeOnce(ends, wire);
    equal(await ends.inbox.position("test"), "2");
    await using restarted = await ends.restarted();
    equal(await restarted.inbox.position("test"), "2");
    equal(await restarted.inbox.position("other"), undefined);
    await commitAll(restarted, ["c"]);
    await relayOnce(restarted, wire);
    await consumeOnce(restarted, wire);
    deepEqual(await restarted.effects(), ["a", "b", "c"]);
  });

  test("neither has its effect nor moves on when handling fails, and keeps the order", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a", "b", "c"]);
    await relayOnce(ends, wire);
    await consumeOnce(ends, wire, ({ event }) => event.subject === "b");
    deepEqual(await ends.effects(), ["a"]);
    equal(await ends.inbox.position("test"), "1");
    await consumeOnce(ends, wire);
    deepEqual(await ends.effects(), ["a", "b", "c"]);
  });

  test("knows an event again wherever in the stream it comes", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a", "b"]);
    await relayOnce(ends, wire);
    await consumeOnce(ends, wire);
    for (const delivery of await wire.read(undefined, 10)) await ends.handle(delivery);
    deepEqual(await ends.effects(), ["a", "b"]);
  });

  test("has an event's effect once, though many handle it at once", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a"]);
    await relayOnce(ends, wire);
    const [delivery] = await wire.read(undefined, 1);
    await Promise.allSettled(Array.from({ length: 10 }, () => ends.handle(delivery!)));
    deepEqual(await ends.effects(), ["a"]);
  });
}

function happening(subject: string): Happening {
  const at = new Date("2026-01-02T12:00:00.000Z");
  return { type: "sallyport.test.thing.happened", subject, at, data: {} };
}

async function commitAll(ends: DeliveryEnds, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) await ends.commit(happening(subject));
}

/** One load: the round that has begun is finished before the relay stops. */
async function relayOnce({ outbox }: DeliveryEnds, publisher: EventPublisher): Promise<void> {
  await using _ = relayOutbox({ outbox, publisher, log: silentLogger, everyMs: 3_600_000 });
}

/** As {@linkcode relayOnce}. */
async function consumeOnce(
  ends: DeliveryEnds,
  reader: EventReader,
  fails: (delivery: Delivery) => boolean = () => false,
): Promise<void> {
  const { inbox } = ends;
  const options = { source: "test", reader, inbox, log: silentLogger, everyMs: 3_600_000 };
  await using _ = consumeEvents(options, (delivery) => ends.handle(delivery, fails(delivery)));
}
