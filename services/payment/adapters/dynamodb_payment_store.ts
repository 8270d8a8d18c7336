import { z } from "zod";
import { type Reach, within } from "platform/access";
import type { Page, PageQuery } from "platform/http";
import { pause } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";
import {
  type Balance,
  type Course,
  type Payment,
  PaymentError,
  PaymentId,
  type Transition,
} from "../domain/mod.ts";
import type { PaymentStore } from "../ports.ts";
import type { CourseRecord, DynamodbCourses } from "./dynamodb_courses.ts";
import { backoffMs } from "./dynamodb_errors.ts";
import { epochSeconds, orderKey, paymentKey, writeKey } from "./dynamodb_keys.ts";
import { bookingWrites, readBalances } from "./dynamodb_ledger.ts";
import type { DynamodbOutbox } from "./dynamodb_outbox.ts";
import { listPayments, readPayment, toPaymentPage } from "./dynamodb_payment_lists.ts";
import type { DynamodbTable } from "./dynamodb_table.ts";
import type { Write } from "./dynamodb_write.ts";
import { paymentHappening } from "./payment_happening.ts";
import { Turns } from "./turns.ts";

/** How long a write may take with all its tries, in calls: 8 s, less than the gateway waits. */
const callsPerWrite = 4;
/** How long it can be told whether a write was made. Longer than any of its tries can be on its way. */
const writeKeptMs = 24 * 3_600_000;
const isNew = "attribute_not_exists(pk)";

const WriteMark = z.object({ attempt: z.int().nonnegative() });
const OrderGuard = z.object({ paymentId: PaymentId });

export interface DynamodbPaymentStoreOptions {
  readonly table: DynamodbTable;
  readonly courses: DynamodbCourses;
  readonly outbox: DynamodbOutbox;
  readonly now: () => Date;
  readonly newId: () => string;
}

/**
 * Keeps payments and their ledger in DynamoDB. A transition is one `TransactWriteItems`, on the condition
 * that the payment is as it was when it was decided on; it carries an item of its own by which a write
 * is known again whose answer was lost. Reads by id or order are strongly consistent; lists are read
 * from indexes, which may lag behind by a moment.
 */
export class DynamodbPaymentStore implements PaymentStore {
  readonly #options: DynamodbPaymentStoreOptions;
  readonly #table: DynamodbTable;
  readonly #courses: DynamodbCourses;
  /** Changes of one payment from here do not get in each other's way: only those of other processes do. */
  readonly #turns = new Turns();

  constructor(options: DynamodbPaymentStoreOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#courses = options.courses;
  }

  async open(opening: Transition): Promise<Payment> {
    const { payment } = opening;
    const signal = this.#writeSignal();
    for (let tries = 0; !signal.aborted; tries++) {
      const cancellation = await this.#options.outbox.commit(this.#openingWrites(opening));
      if (!cancellation) return payment;
      const there = await readPayment(this.#table, payment.id);
      if (there) return there;
      const guard = await this.#table.get(orderKey(payment.orderId));
      // Ours, when the same payment was opened elsewhere just now.
      if (guard && OrderGuard.parse(guard).paymentId !== payment.id) {
        throw new PaymentError("order_has_payment", "Cannot pay order: it has a payment already");
      }
      await pause(backoffMs(tries), signal);
    }
    throw tooBusy(signal);
  }

  async find(id: PaymentId, reach: Reach): Promise<Payment | undefined> {
    const payment = await readPayment(this.#table, id);
    return payment && within(reach, payment.customerId) ? payment : undefined;
  }

  async list(
    reach: Reach,
    query: PageQuery & { readonly orderId?: string | undefined },
  ): Promise<Page<Payment>> {
    const { orderId } = query;
    if (orderId === undefined) return await listPayments(this.#table, reach, query);
    const guard = await this.#table.get(orderKey(orderId));
    if (!guard) return toPaymentPage([], query);
    const payment = await this.find(OrderGuard.parse(guard).paymentId, reach);
    return toPaymentPage(payment ? [payment] : [], query);
  }

  async transition(
    id: PaymentId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined> {
    const signal = this.#writeSignal();
    return await this.#turns.take(id, signal, () => this.#transition(id, reach, decide, signal));
  }

  balances(): Promise<readonly Balance[]> {
    return readBalances(this.#table);
  }

  async #transition(
    id: PaymentId,
    reach: Reach,
    decide: (course: Course) => Transition,
    signal: AbortSignal,
  ): Promise<Course | undefined> {
    const writeId = this.#options.newId();
    const attempts: Course[] = [];
    while (!signal.aborted) {
      const there = await this.#readWithin(id, reach);
      // Asked after reading: what was made before that is in what was read, and must not be decided on again.
      const made = attempts.length > 0 && await this.#madeBy(writeId);
      if (made) return attempts[made.attempt];
      if (!there) return undefined;
      const transition = decide(there.course);
      const course = courseOf(transition);
      if (isSame(transition, there.course)) return course;
      const attempt = attempts.push(course) - 1;
      const writes = this.#transitionWrites(transition, there, { writeId, attempt });
      const cancellation = await this.#options.outbox.commit(writes);
      if (!cancellation) return course;
      const [first] = cancellation.failedConditions;
      if (first !== undefined && first >= guarded) {
        throw new Error("Cannot book: it is booked already");
      }
      await pause(backoffMs(attempt), signal);
    }
    throw tooBusy(signal);
  }

  #openingWrites(opening: Transition): readonly Write[] {
    const { payment } = opening;
    const { writes, stampMs } = this.#eventWrites(opening, 0);
    const record = { course: courseOf(opening), revision: 1, eventStampMs: stampMs };
    return [
      { put: this.#courses.newItem(record), condition: isNew },
      { put: { ...orderKey(payment.orderId), paymentId: payment.id }, condition: isNew },
      ...bookingWrites(opening.entries, Math.random()),
      ...writes,
    ];
  }

  /** The first {@linkcode guarded} of them fail when the write was made already, or another was. */
  #transitionWrites(
    transition: Transition,
    { revision, eventStampMs }: CourseRecord,
    { writeId, attempt }: { readonly writeId: string; readonly attempt: number },
  ): readonly Write[] {
    const { writes, stampMs } = this.#eventWrites(transition, eventStampMs);
    const record = { course: courseOf(transition), revision: revision + 1, eventStampMs: stampMs };
    const expiresAt = epochSeconds(this.#options.now().getTime() + writeKeptMs);
    return [
      this.#courses.update(record),
      { put: { ...writeKey(writeId), attempt, expiresAt }, condition: isNew },
      ...bookingWrites(transition.entries, Math.random()),
      ...writes,
    ];
  }

  /** An event comes after the payment's last one, whatever the clocks of the processes say. */
  #eventWrites(
    transition: Transition,
    lastStampMs: number,
  ): { readonly writes: readonly Write[]; readonly stampMs: number } {
    const happening = paymentHappening(transition);
    if (!happening) return { writes: [], stampMs: lastStampMs };
    const stampMs = Math.max(this.#options.now().getTime(), lastStampMs + 1);
    return { writes: [this.#options.outbox.put(happening, stampMs)], stampMs };
  }

  async #madeBy(writeId: string): Promise<z.output<typeof WriteMark> | undefined> {
    const mark = await this.#table.get(writeKey(writeId));
    return mark && WriteMark.parse(mark);
  }

  async #readWithin(id: PaymentId, reach: Reach): Promise<CourseRecord | undefined> {
    const item = await this.#table.get(paymentKey(id));
    const there = item && this.#courses.open(item);
    return there && within(reach, there.course.payment.customerId) ? there : undefined;
  }

  #writeSignal(): AbortSignal {
    return AbortSignal.timeout(callsPerWrite * this.#table.callTimeoutMs);
  }
}

/** The payment itself and the mark of the write. */
const guarded = 2;

function courseOf({ payment, refunds, work }: Transition): Course {
  return { payment, refunds, work };
}

/** Whether nothing would be written that is not there. */
function isSame(transition: Transition, { payment, refunds, work }: Course): boolean {
  const { entries, event } = transition;
  return transition.payment === payment && transition.refunds === refunds &&
    transition.work === work && entries.length === 0 && event === undefined;
}

function tooBusy({ reason: cause }: AbortSignal): StoreUnavailableError {
  return new StoreUnavailableError("Cannot write payment: others were at it for too long", {
    cause,
  });
}
