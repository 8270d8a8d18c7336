import { createHash } from "node:crypto";
import { CloudEvent, type Outbox, OutboxListeners, type Relayed } from "platform/events";
import { AccountStep, collections } from "./mongodb_collections.ts";
import { isDuplicateKey, type MongodbLink } from "./mongodb_link.ts";

/** Relays that can send at the same time. The events of one person are all in one lane. */
const laneCount = 16;
/** More than sending one load takes. After a crash, a lane rests for as long. */
const laneLeaseMs = 10_000;
/**
 * How long the place of a step stays taken after the step was superseded. A writer that has been held up
 * would else find it free, and write what was overtaken long ago; it may be held up for seconds.
 */
const supersededKeptMs = 3_600_000;

/** Where the events of `subject` go out. */
export function laneOf(subject: string): number {
  return createHash("sha256").update(subject).digest()[0]! % laneCount;
}

/** The newest of the steps of one person in a load. */
type Newest = Pick<AccountStep, "user" | "step" | "revocations">;

/**
 * Sends the events that came with the steps of accounts, and tidies up after each step: of those before
 * it nothing stays readable, and grants that it has revoked go.
 */
export class MongodbOutbox implements Outbox {
  readonly #link: MongodbLink;
  readonly #now: () => Date;
  readonly #listeners = new OutboxListeners();
  #turn = 0;

  constructor(link: MongodbLink, now: () => Date) {
    this.#link = link;
    this.#now = now;
  }

  /** Passes on what came of writing a step, and tells the relays, of one that may have been written, too. */
  async tellAfter<T>(writing: Promise<T>): Promise<T> {
    try {
      return await writing;
    } finally {
      this.#listeners.tell();
    }
  }

  onAdded(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  async relay(
    limit: number,
    send: (events: readonly CloudEvent[]) => Promise<void>,
  ): Promise<Relayed> {
    let isBusy = false;
    for (const lane of await this.#lanes()) {
      const holder = crypto.randomUUID();
      if (!await this.#take(lane, holder)) {
        isBusy = true;
        continue;
      }
      try {
        const sent = await this.#relayLane(lane, limit, send);
        if (sent > 0) return { sent, isBusy };
      } finally {
        await this.#link.run((db) =>
          collections.lanes(db).deleteOne({ _id: nameOf(lane), holder })
        );
      }
    }
    return { sent: 0, isBusy };
  }

  /** Those in which something is left to do, each in front in its turn. */
  async #lanes(): Promise<readonly number[]> {
    const lanes = await this.#link.run((db) =>
      collections.accounts(db).distinct("lane", { lane: { $gte: 0 } })
    );
    const first = lanes.length === 0 ? 0 : this.#turn++ % lanes.length;
    return [...lanes.slice(first), ...lanes.slice(0, first)].filter((lane) => lane !== undefined);
  }

  /**
   * Nothing is lost when two take the same lane, as they may where the server's deletes are not atomic:
   * each sends a person's events from the oldest on, and readers know an event when it comes again.
   */
  async #take(lane: number, holder: string): Promise<boolean> {
    const _id = nameOf(lane);
    const nowMs = this.#now().getTime();
    const lease = { _id, holder, expiresAt: new Date(nowMs + laneLeaseMs) };
    if (await this.#insert(lease)) return true;
    const { deletedCount } = await this.#link.run((db) =>
      collections.lanes(db).deleteOne({ _id, expiresAt: { $lte: new Date(nowMs) } })
    );
    return deletedCount === 1 && await this.#insert(lease);
  }

  async #insert(lease: { _id: string; holder: string; expiresAt: Date }): Promise<boolean> {
    try {
      await this.#link.run((db) => collections.lanes(db).insertOne(lease));
      return true;
    } catch (thrown) {
      if (isDuplicateKey(thrown)) return false;
      throw thrown;
    }
  }

  async #relayLane(
    lane: number,
    limit: number,
    send: (events: readonly CloudEvent[]) => Promise<void>,
  ): Promise<number> {
    const load = await this.#load(lane, limit);
    if (load.length === 0) return 0;
    const events = load.flatMap(({ event }) =>
      event === undefined ? [] : [CloudEvent.parse(JSON.parse(event))]
    );
    if (events.length > 0) await send(events);
    await this.#tidy([...new Map(load.map((step) => [step.user, step])).values()]);
    await this.#link.run((db) =>
      collections.accounts(db).updateMany(
        { _id: { $in: load.map(({ _id }) => _id) } },
        { $unset: { lane: "", event: "" } },
      )
    );
    return events.length;
  }

  /**
   * The oldest steps of the lane. A query may pass by the place of a step just before it is written, and
   * still meet the next one: what is there at a first look has all that came before it at the second.
   */
  async #load(lane: number, limit: number): Promise<readonly AccountStep[]> {
    const look = (projection?: { readonly user: 1; readonly step: 1 }) =>
      this.#link.run((db) =>
        collections.accounts(db).find({ lane }, projection ? { projection } : {})
          .sort({ at: 1 }).limit(limit).toArray()
      );
    const seen = new Map<string, number>();
    for (const { user, step } of await look({ user: 1, step: 1 })) seen.set(user, step);
    const steps = (await look()).map((step) => AccountStep.parse(step));
    return steps.filter(({ user, step }) => step <= (seen.get(user) ?? 0));
  }

  async #tidy(newest: readonly Newest[]): Promise<void> {
    const expiresAt = new Date(this.#now().getTime() + supersededKeptMs);
    const stripped = newest.filter(({ step }) => step > 1).map(({ user, step }) => ({
      updateMany: {
        filter: { user, step: { $lt: step }, keyId: { $exists: true } },
        update: { $unset: { keyId: "" as const, document: "" as const } },
      },
    }));
    // The first step stays: it keeps the address for the account, and its place among the others.
    const ended = newest.filter(({ step }) => step > 2).map(({ user, step }) => ({
      updateMany: {
        filter: { user, step: { $gt: 1, $lt: step }, expiresAt: { $exists: false } },
        update: { $set: { expiresAt } },
      },
    }));
    const revoked = newest.filter(({ revocations }) => revocations > 0)
      .map(({ user, revocations }) => ({
        deleteMany: { filter: { owner: user, revocations: { $lt: revocations } } },
      }));
    if (stripped.length > 0) {
      await this.#link.run((db) =>
        collections.accounts(db).bulkWrite([...stripped, ...ended], { ordered: false })
      );
    }
    if (revoked.length > 0) {
      await this.#link.run((db) =>
        collections.artifacts(db).bulkWrite(revoked, { ordered: false })
      );
    }
  }
}

function nameOf(lane: number): string {
  return `lane ${lane}`;
}
