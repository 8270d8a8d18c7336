import { z } from "zod";
import {
  CloudEvent,
  type Happening,
  type Outbox,
  OutboxListeners,
  type Relayed,
  toCloudEvent,
} from "platform/events";
import { StoreUnavailableError } from "platform/store";
import type { Cancellation } from "./dynamodb_errors.ts";
import { bucketOf } from "./dynamodb_keys.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Item, Key, Write } from "./dynamodb_write.ts";

/** Events of one subject are in one lane; a relay has a lane to itself. */
const lanes = 16;
/** Partitions that the lanes lie in, side by side: as many reads as it takes to see that there is nothing. */
const partitions = 4;
/** A crashed relay keeps its lane from the others for no longer. */
const leaseMs = 15_000;
/** What sorts before and after all events of a partition, and of a lane. */
const bottom = "0";
const top = "~";

const OutboxItem = z.object({ pk: z.string(), sk: z.string(), event: CloudEvent });
type OutboxItem = z.output<typeof OutboxItem>;

export interface DynamodbOutboxOptions {
  readonly table: DynamodbTable;
  /** Whose events they are. */
  readonly source: string;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** An outbox in the table of payment, whose relays share the lanes among them by leases. */
export class DynamodbOutbox implements Outbox {
  readonly #options: DynamodbOutboxOptions;
  readonly #table: DynamodbTable;
  readonly #listeners = new OutboxListeners();
  /** Where in each partition this relay goes on, so that no lane waits for a busier one for good. */
  readonly #reached = Array.from({ length: partitions }, () => bottom);

  constructor(options: DynamodbOutboxOptions) {
    this.#options = options;
    this.#table = options.table;
  }

  /**
   * The write of an event, to be committed together with the change.
   *
   * @param stampMs grows with each event of a subject: by it they are sent in order.
   */
  put(happening: Happening, stampMs: number): Write {
    const { source, newId } = this.#options;
    const event = toCloudEvent(source, newId(), happening);
    const lane = laneName(bucketOf(event.subject, lanes));
    const sk = `${lane}#${String(stampMs).padStart(16, "0")}#${event.id}`;
    return { put: { pk: partitionOf(lane), sk, event } };
  }

  /**
   * Makes all the writes or none, as {@linkcode DynamodbTable.transact}. Of events that may have been
   * written the relays are told, too.
   */
  async commit(writes: readonly Write[]): Promise<Cancellation | undefined> {
    try {
      return await this.#table.transact(writes);
    } finally {
      if (writes.some(isEvent)) this.#listeners.tell();
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
    for (let partition = 0; partition < partitions; partition++) {
      for await (const lane of this.#lanesWithEvents(partition)) {
        const leaseId = await this.#take(lane);
        if (leaseId === undefined) {
          isBusy = true;
          continue;
        }
        try {
          const sent = await this.#sendFrom(lane, limit, send);
          if (sent > 0) return { sent, isBusy };
        } finally {
          await this.#letGo(lane, leaseId);
        }
      }
    }
    return { sent: 0, isBusy };
  }

  async #sendFrom(
    lane: string,
    limit: number,
    send: (events: readonly CloudEvent[]) => Promise<void>,
  ): Promise<number> {
    const items = await this.#read(lane, `${lane}#`, `${lane}${top}`, limit);
    if (items.length === 0) return 0;
    await send(items.map(({ event }) => event));
    await this.#table.deleteAll(items);
    return items.length;
  }

  /** Lanes of a partition that have events, each once, beginning after the one that was given last. */
  async *#lanesWithEvents(partition: number): AsyncGenerator<string> {
    const start = this.#reached[partition]!;
    for (let [from, to] of [[start, top], [bottom, start]] as [string, string][]) {
      while (from < to) {
        const [first] = await this.#read(laneName(partition), from, to, 1);
        if (!first) break;
        const lane = first.sk.slice(0, 2);
        this.#reached[partition] = from = `${lane}${top}`;
        yield lane;
      }
    }
    this.#reached[partition] = bottom;
  }

  async #read(lane: string, from: string, to: string, limit: number): Promise<OutboxItem[]> {
    const { items } = await this.#table.query({
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ":pk": partitionOf(lane), ":from": from, ":to": to },
      ConsistentRead: true,
      Limit: limit,
    });
    return items.map((item) => OutboxItem.parse(item));
  }

  /** @returns the lease, or undefined when another relay has the lane. */
  async #take(lane: string): Promise<string | undefined> {
    const { now, newId } = this.#options;
    const nowMs = now().getTime();
    const leaseId = newId();
    const item = await this.#table.update(laneKey(lane), {
      UpdateExpression: "SET leasedUntilMs = :until, leaseId = :leaseId",
      ConditionExpression: "attribute_not_exists(pk) OR leasedUntilMs <= :now",
      ExpressionAttributeValues: { ":until": nowMs + leaseMs, ":leaseId": leaseId, ":now": nowMs },
    }) ?? await this.#table.get(laneKey(lane));
    // A try of ours may have been made, though its answer was lost.
    return item?.["leaseId"] === leaseId ? leaseId : undefined;
  }

  async #letGo(lane: string, leaseId: string): Promise<void> {
    try {
      await this.#table.update(laneKey(lane), {
        UpdateExpression: "SET leasedUntilMs = :none",
        ConditionExpression: "leaseId = :leaseId",
        ExpressionAttributeValues: { ":none": 0, ":leaseId": leaseId },
      });
    } catch (thrown) {
      // The lease runs out by itself, and what was thrown before is what must be told.
      if (!(thrown instanceof StoreUnavailableError)) throw thrown;
    }
  }
}

const partitionPrefix = "OUTBOX#";

function isEvent(write: Write): boolean {
  return "put" in write && write.put.pk.startsWith(partitionPrefix);
}

function laneName(lane: number): string {
  return String(lane).padStart(2, "0");
}

function partitionOf(lane: string): string {
  return `${partitionPrefix}${Number(lane) % partitions}`;
}

function laneKey(lane: string): Key & Item {
  return { pk: `LANE#${lane}`, sk: "LANE" };
}
