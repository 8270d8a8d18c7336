import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  type CloudEvent,
  consumeEvents,
  type Delivery,
  type EventPublisher,
  type EventReader,
  type Happening,
  type Outbox,
  type Relayed,
  relayOutbox,
  toCloudEvent,
} from "platform/events";
import { drain } from "platform/events/testing";
import { StoreUnavailableError } from "platform/store";
import { silentLogger } from "platform/telemetry";
import { Wire } from "../fixtures/event_wire.ts";
import { eventually } from "../fixtures/eventually.ts";

/** Where events come from. */
export interface SendingEnds extends AsyncDisposable {
  readonly outbox: Outbox;
  /** Commits a change together with its event; neither, when `fails`. */
  commit(happening: Happening, fails?: boolean): Promise<void>;
  /** The same after a crash: nothing of the process is left but what it had committed. */
  restarted(): Promise<SendingEnds>;
}

/** The two ends of a delivery, and the only effect that it has: a list of what happened. */
export interface DeliveryEnds extends SendingEnds {
  /** Has the effect and records the event, together; neither, when `fails`. */
  handle(delivery: Delivery, fails?: boolean): Promise<void>;
  /** Subjects of the events that have had their effect, one for each time. */
  effects(): Promise<readonly string[]>;
  /** The same ends after a crash: nothing of the process is left but what it had committed. */
  restarted(): Promise<DeliveryEnds>;
}

type TestEnds<Ends> = (promise: string, check: (ends: Ends) => Promise<void>) => void;

/** What outbox, relay and inbox must do together. Without `open`, the tests are ignored. */
export function eventDeliveryContract(adapter: string, open?: () => Promise<DeliveryEnds>): void {
  testSending((promise, check) => testWith(`${adapter} ${promise}`, check, open));
  testReceiving((promise, check) => testWith(`${adapter} ${promise}`, check, open));
}

/** What outbox and relay must do, where nothing is received. Without `open`, the tests are ignored. */
export function eventSendingContract(adapter: string, open?: () => Promise<SendingEnds>): void {
  testSending((promise, check) => testWith(`${adapter} ${promise}`, check, open));
}

function testWith<Ends extends AsyncDisposable>(
  name: string,
  check: (ends: Ends) => Promise<void>,
  open?: () => Promise<Ends>,
): void {
  Deno.test({
    name,
    ignore: !open,
    async fn() {
      await using ends = await open!();
      await check(ends);
    },
  });
}

function testSending(test: TestEnds<SendingEnds>): void {
  test("sends what was committed, and then forgets it", async (ends) => {
    const wire = new Wire();
    await commitAll(ends, ["a", "b", "c"]);
    await relayAll(ends, wire);
    deepEqual(wire.subjects.toSorted(), ["a", "b", "c"]);
    deepEqual(await drain(ends.outbox), []);
  });

  test("sends the events of one subject in their order, though many relays send", async (ends) => {
    const wire = new Wire();
    for (let count = 0; count < 30; count++) {
      for (const subject of ["a", "b", "c"]) await ends.commit(happening(subject, { count }));
    }
    await Promise.all(Array.from({ length: 4 }, () => relayAll(ends, wire)));
    for (const subject of ["a", "b", "c"]) {
      const first = new Map<unknown, number>();
      wire.events.filter((event) => event.subject === subject)
        .forEach(({ data }, index) => first.has(data["count"]) || first.set(data["count"], index));
      const order = [...first].sort(([, one], [, other]) => one - other).map(([count]) => count);
      deepEqual(order, Array.from({ length: 30 }, (_, count) => count));
    }
  });

  test("tells nothing of a change that was not committed", async (ends) => {
    await commitAll(ends, ["a"]);
    await rejects(ends.commit(happening("b"), true));
    await commitAll(ends, ["c"]);
    deepEqual((await drain(ends.outbox)).map(({ subject }) => subject).toSorted(), ["a", "c"]);
  });

  test("gives each event an id of its own, which it keeps", async (ends) => {
    await commitAll(ends, ["a", "a"]);
    const wire = new Wire();
    wire.killsSender = true;
    await relayOnce(ends, wire);
    wire.killsSender = false;
    await relayOnce(ends, wire);
    const [first, second, ...again] = wire.events;
    equal(first?.id === second?.id, false);
    deepEqual(again, [first, second]);
  });

  test("keeps what cannot be sent until the line is there again", async (ends) => {
    const wire = new Wire();
    wire.isDown = true;
    await commitAll(ends, ["a"]);
    await relayOnce(ends, wire);
    await using restarted = await ends.restarted();
    await commitAll(restarted, ["b"]);
    wire.isDown = false;
    await relayAll(restarted, wire);
    deepEqual(wire.subjects.toSorted(), ["a", "b"]);
  });

  test("has what this process commits sent at once", async (ends) => {
    const wire = new Wire();
    const outbox = new WatchedOutbox(ends.outbox);
    await using _ = seldomRelay({ outbox }, wire);
    for (const [sent, subject] of ["a", "b", "a"].entries()) {
      await eventually("the relay rests", () => outbox.idleLooks > sent);
      await commitAll(ends, [subject]);
      await eventually("it is sent", () => wire.subjects.length > sent);
    }
    deepEqual(wire.subjects, ["a", "b", "a"]);
  });

  test("has sent what another relay was at, as soon as it is not any more", async (ends) => {
    const wire = new Wire();
    const first = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    await commitAll(ends, ["a"]);
    const other = ends.outbox.relay(100, () => {
      taken.resolve();
      return first.promise;
    });
    await taken.promise;
    const outbox = new WatchedOutbox(ends.outbox);
    await using _ = seldomRelay({ outbox }, wire);
    await eventually("the relay rests", () => outbox.idleLooks > 0);
    await ends.commit(happening("a", { count: 2 }));
    const isSent = () => wire.events.at(-1)?.data["count"] === 2;
    // One look because it was told of the commit, and more of its own accord: unless it has sent it by itself.
    const looks = outbox.idleLooks;
    await eventually("it looks again", () => isSent() || outbox.idleLooks > looks + 1);
    first.resolve();
    await other;
    await eventually("it is sent", isSent);
  });

  test("sends more than one load", async (ends) => {
    const wire = new Wire();
    const subjects = Array.from({ length: 230 }, (_, index) => `s${100 + index}`);
    await commitAll(ends, subjects);
    await relayAll(ends, wire);
    deepEqual(wire.subjects.toSorted(), subjects);
  });
}

function testReceiving(test: TestEnds<DeliveryEnds>): void {
  test("sends twice, and has its effect once, when killed after publishing", async (ends) => {
    const wire = new Wire();
    wire.killsSender = true;
    await commitAll(ends, ["a", "a"]);
    await relayOnce(ends, wire);
    await consumeOnce(ends, wire);
    await using restarted = await ends.restarted();
    wire.killsSender = false;
    await relayOnce(restarted, wire);
    await consumeOnce(restarted, wire);
    equal(wire.events.length, 4);
    deepEqual(await restarted.effects(), ["a", "a"]);
    deepEqual(await drain(restarted.outbox), []);
  });

  test("has no effect of what fails, goes on with the others, and has it when it is given again", async (ends) => {
    const wire = new Wire();
    await wire.publish(["a", "b", "c"].map((subject) => sent(subject)));
    await consumeOnce(ends, wire, ({ event }) => event.subject === "b");
    deepEqual(await ends.effects(), ["a", "c"]);
    wire.endPauses();
    await consumeOnce(ends, wire);
    deepEqual(await ends.effects(), ["a", "c", "b"]);
  });

  test("counts nothing against an event while the store is away, and keeps the order", async (ends) => {
    const wire = new Wire();
    await wire.publish(["a", "b", "c"].map((subject) => sent(subject)));
    let isAway = true;
    const asked: string[] = [];
    const options = { source: "test", reader: wire, log: silentLogger, everyMs: 1 };
    await using _ = consumeEvents(options, async (delivery) => {
      asked.push(delivery.event.subject);
      if (isAway) throw new StoreUnavailableError("Cannot write: it is away");
      await ends.handle(delivery);
    });
    await eventually("it has tried some times", () => asked.length > 3);
    ok(asked.every((subject) => subject === "a"), asked.join());
    isAway = false;
    await eventually("all is handled", async () => (await ends.effects()).length === 3);
    deepEqual(await ends.effects(), ["a", "b", "c"]);
  });

  test("knows an event again wherever in the stream it comes, and after a restart", async (ends) => {
    const wire = new Wire();
    await wire.publish(["a", "b"].map((subject) => sent(subject)));
    await consumeOnce(ends, wire);
    for (const delivery of wire.deliveries) await ends.handle(delivery);
    await using restarted = await ends.restarted();
    for (const delivery of wire.deliveries) await restarted.handle(delivery);
    deepEqual(await restarted.effects(), ["a", "b"]);
  });

  test("has an event's effect once, though many handle it at once", async (ends) => {
    const delivery = { event: sent("a"), position: "1" };
    await Promise.allSettled(Array.from({ length: 10 }, () => ends.handle(delivery)));
    deepEqual(await ends.effects(), ["a"]);
  });
}

function sent(subject: string): CloudEvent {
  return toCloudEvent("test", crypto.randomUUID(), happening(subject));
}

function happening(subject: string, data: Happening["data"] = {}): Happening {
  const at = new Date("2026-01-02T12:00:00.000Z");
  return { type: "sallyport.test.thing.happened", subject, at, data };
}

async function commitAll(ends: SendingEnds, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) await ends.commit(happening(subject));
}

/** Sends load after load until nothing is left. */
async function relayAll(ends: SendingEnds, wire: Wire): Promise<void> {
  while (await relayOnce(ends, wire) > 0);
}

/** An outbox, and how often a relay has found nothing in it that it could send. */
class WatchedOutbox implements Outbox {
  readonly #outbox: Outbox;
  idleLooks = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  async relay(...args: Parameters<Outbox["relay"]>): Promise<Relayed> {
    const relayed = await this.#outbox.relay(...args);
    if (relayed.sent === 0) this.idleLooks++;
    return relayed;
  }

  onAdded(listener: () => void): Disposable {
    return this.#outbox.onAdded(listener);
  }
}

/** Looks for what others leave so seldom that it never does. */
function seldomRelay(
  { outbox }: Pick<SendingEnds, "outbox">,
  publisher: EventPublisher,
): AsyncDisposable {
  return relayOutbox({ outbox, publisher, log: silentLogger, everyMs: 3_600_000 });
}

/** One load: the round that has begun is finished before the relay stops. @returns how many events were sent. */
async function relayOnce(ends: SendingEnds, publisher: Wire): Promise<number> {
  const before = publisher.events.length;
  const relay = seldomRelay(ends, publisher);
  await relay[Symbol.asyncDispose]();
  return publisher.events.length - before;
}

/** As {@linkcode relayOnce}. */
async function consumeOnce(
  ends: DeliveryEnds,
  reader: EventReader,
  fails: (delivery: Delivery) => boolean = () => false,
): Promise<void> {
  const options = { source: "test", reader, log: silentLogger, everyMs: 3_600_000 };
  await using _ = consumeEvents(options, (delivery) => ends.handle(delivery, fails(delivery)));
}
