import { pause, type Periodic, periodically } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";

/** A crashed holder blocks its item for no longer. */
const leaseMs = 30_000;
/** How long the calls of one step may take: no step begins with less left of the lease. */
const stepMsMax = 25_000;
const dueMax = 20;
const retryMsMin = 250;
const retryMsMax = 60_000;
/** Between two looks for items that a crashed process left. */
const leftOverMs = 2_000;
/** Before the next look when the last one found as many items as it may, or an item that is due still. */
const soonMs = 50;
/** Between the first two looks at an item that somebody else is at; it doubles from look to look. */
const elsewhereLookMsMin = 50;
const elsewhereLookMsMax = 400;
/** Of how many failing items the number of failures is known. */
const failingMax = 10_000;

/** An item, and the lease it is held by. */
export interface Claim<Item extends object> {
  readonly item: Item;
  /** When the lease runs out, if it is not ended before. That of a later holder runs out later. */
  readonly leasedUntil: Date;
}

/** Which items want to be gone on with, and who is at it. Each method is one transaction. */
export interface WorkStore<Id, Item extends object> {
  /** Takes an item that is not done, due or not, unless somebody else holds it. */
  claim(id: Id, at: Date, leaseMs: number): Promise<Claim<Item> | undefined>;
  /** Ids of items that are due and that nobody holds, the longest due first. */
  due(at: Date, limit: number): Promise<readonly Id[]>;
  /** Lets go of an item that is held by this very lease: one that has passed to somebody else stays theirs. */
  release(id: Id, leasedUntil: Date): Promise<void>;
  /** Has an item that is not done due no earlier than `until`, or when it changes. Nothing else of it is changed. */
  postpone(id: Id, until: Date): Promise<void>;
}

export interface WorkRunnerOptions<Id, Item extends object> {
  /** For the log. */
  readonly name: string;
  readonly store: WorkStore<Id, Item>;
  readonly log: Logger;
  readonly now: () => Date;
  /** Does one step, commits it, and gives the item as it is then; undefined when it is gone. */
  readonly step: (item: Item) => Promise<Item | undefined>;
  /** Whether the next step follows at once, without waiting for the item to be due. */
  readonly goesOn: (before: Item, after: Item) => boolean;
  /** Whether nobody needs to wait for the item any more. */
  readonly isSettled: (item: Item) => boolean;
  /**
   * Whether nobody needs to wait for an item that this runner did not get: somebody else is at it, or it is
   * done. Without it, that is taken for granted.
   */
  readonly isSettledElsewhere?: (id: Id) => Promise<boolean>;
  readonly dueAt: (item: Item) => Date;
  /**
   * How often the store is asked for items that are due, beside the times at which those are that this
   * runner has had and not brought to their end.
   */
  readonly everyMs?: number;
}

/**
 * Goes on with persisted work until it is done, whatever a crash left included. Several processes may
 * run on one store: each item is held by one at a time. Disposal waits for the steps under way.
 */
export class WorkRunner<Id, Item extends object> implements AsyncDisposable {
  readonly #options: WorkRunnerOptions<Id, Item>;
  readonly #underWay = new Map<Id, Promise<Item | undefined>>();
  readonly #failures = new Map<Id, number>();
  readonly #worker: Periodic;
  #stopping = false;

  constructor(options: WorkRunnerOptions<Id, Item>) {
    this.#options = options;
    const { name, log, everyMs = leftOverMs } = options;
    this.#worker = periodically({ name, everyMs, log }, () => this.#advanceDue());
  }

  /** Goes on with an item now, in the background. */
  wake(id: Id): void {
    this.#advanceLogged(id);
  }

  /**
   * Resolves when the item is settled or gone, after `timeoutMs`, when `signal` is aborted, or when the runner
   * stops. The work itself goes on in any case.
   */
  async settle(id: Id, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const settled = new AbortController();
    const ended = signal ? AbortSignal.any([settled.signal, signal]) : settled.signal;
    const late = pause(timeoutMs, ended).then(() => undefined);
    const timeUpMs = performance.now() + timeoutMs;
    let elsewhereMs = elsewhereLookMsMin;
    try {
      do {
        const item = await Promise.race([this.#advance(id), late]);
        if (signal?.aborted) return;
        if (item ? this.#options.isSettled(item) : await this.#isSettledElsewhere(id)) return;
        const pauseMs = item ? this.#untilDueMs(item) : elsewhereMs;
        if (!item) elsewhereMs = Math.min(elsewhereLookMsMax, 2 * elsewhereMs);
        await Promise.race([pause(pauseMs, settled.signal), late]);
      } while (!this.#stopping && !signal?.aborted && performance.now() < timeUpMs);
    } finally {
      settled.abort();
    }
  }

  async #isSettledElsewhere(id: Id): Promise<boolean> {
    return await this.#options.isSettledElsewhere?.(id) ?? true;
  }

  #untilDueMs(item: Item): number {
    return this.#options.dueAt(item).getTime() - this.#options.now().getTime();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#worker[Symbol.asyncDispose]();
    await Promise.allSettled(this.#underWay.values());
  }

  async #advanceDue(): Promise<void> {
    const { store, now } = this.#options;
    const due = await store.due(now(), dueMax);
    await Promise.all(due.map((id) => this.#advanceLogged(id)));
    if (due.length === dueMax) this.#worker.wake(soonMs);
  }

  /** One item that cannot be gone on with must not keep the others waiting. */
  async #advanceLogged(id: Id): Promise<void> {
    const { name, log } = this.#options;
    try {
      await this.#advance(id);
    } catch (thrown) {
      log.failure("Cannot go on with work", thrown, { "task.name": name, "task.id": String(id) });
    }
  }

  /** One at a time for each item: who comes meanwhile gets the outcome of the one under way. */
  #advance(id: Id): Promise<Item | undefined> {
    const underWay = this.#underWay.get(id);
    if (underWay) return underWay;
    const advancing = this.#advanceOrPostpone(id).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, advancing);
    return advancing;
  }

  async #advanceOrPostpone(id: Id): Promise<Item | undefined> {
    try {
      const item = await this.#claimAndAdvance(id);
      this.#failures.delete(id);
      if (item) this.#comeBackTo(item);
      return item;
    } catch (thrown) {
      await this.#postpone(id);
      throw thrown;
    }
  }

  /** Not before its lease was given up: what is held is not due. */
  #comeBackTo(item: Item): void {
    const dueMs = this.#untilDueMs(item);
    if (dueMs > 0 || !this.#options.isSettled(item)) this.#worker.wake(Math.max(soonMs, dueMs));
  }

  /** What fails again and again is tried ever more seldom, and leaves its place to others. */
  async #postpone(id: Id): Promise<void> {
    const { store, now, name, log } = this.#options;
    const failures = this.#failures.get(id) ?? 0;
    this.#failures.delete(id);
    this.#failures.set(id, failures + 1);
    if (this.#failures.size > failingMax) {
      this.#failures.delete(this.#failures.keys().next().value!);
    }
    const retryMs = Math.min(retryMsMax, retryMsMin * 2 ** failures);
    try {
      await store.postpone(id, new Date(now().getTime() + retryMs));
      this.#worker.wake(retryMs);
    } catch (thrown) {
      // The failure that it is postponed for is the one to pass on.
      log.failure("Cannot postpone work", thrown, { "task.name": name, "task.id": String(id) });
    }
  }

  async #claimAndAdvance(id: Id): Promise<Item | undefined> {
    const { store, now, step, goesOn } = this.#options;
    const claim = await store.claim(id, now(), leaseMs);
    if (claim === undefined) return undefined;
    const { leasedUntil } = claim;
    try {
      let item: Item = claim.item;
      for (let again = true; again && !this.#stopping;) {
        const before: Item = item;
        const after: Item | undefined = await step(before);
        if (after === undefined) return undefined;
        item = after;
        again = goesOn(before, after) && now().getTime() + stepMsMax <= leasedUntil.getTime();
      }
      return item;
    } finally {
      await store.release(id, leasedUntil);
    }
  }
}
