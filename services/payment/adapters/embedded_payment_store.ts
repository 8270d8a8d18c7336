import { z } from "zod";
import { type Reach, within } from "platform/access";
import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import { type Database, isUniqueViolation, type SealedColumn } from "platform/store";
import {
  Balance,
  type Course,
  isIdle,
  type LedgerEntry,
  Payment,
  PaymentError,
  type PaymentId,
  Refund,
  type Transition,
  type Work,
} from "../domain/mod.ts";
import type { PaymentStore } from "../ports.ts";
import { paymentHappening } from "./payment_happening.ts";

const Document = z.object({ payment: Payment, refunds: z.array(Refund) });

/** Keeps payments and their ledger in one SQLite file: the default, for development and single-node use. */
export class EmbeddedPaymentStore implements PaymentStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;
  readonly #work: SealedColumn<Work>;

  constructor(db: Database, outbox: EmbeddedOutbox, work: SealedColumn<Work>) {
    this.#db = db;
    this.#outbox = outbox;
    this.#work = work;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async open(opening: Transition): Promise<Payment> {
    return this.#db.transaction(() => {
      const there = readCourse(this.#db, this.#work, opening.payment.id);
      if (there) return there.payment;
      this.#insert(opening);
      this.#tell(opening);
      return opening.payment;
    });
  }

  find(id: PaymentId, reach: Reach): Promise<Payment | undefined> {
    const row = this.#db.get("select document from payments where id = :id", { id });
    const payment = row && Document.parse(JSON.parse(String(row["document"]))).payment;
    const isWithin = payment && within(reach, payment.customerId);
    return Promise.resolve(isWithin ? payment : undefined);
  }

  list(
    reach: Reach,
    { limit, cursor, orderId }: PageQuery & { readonly orderId?: string | undefined },
  ): Promise<Page<Payment>> {
    const rows = this.#db.all(
      `select document from payments
       where (:owner is null or customer_id = :owner)
         and (:orderId is null or order_id = :orderId)
         and (:at is null or (created_at, id) < (:at, :id))
       order by created_at desc, id desc limit :limit`,
      {
        owner: reach === "any" ? null : reach.owner,
        orderId: orderId ?? null,
        at: cursor?.at ?? null,
        id: cursor?.id ?? null,
        limit: limit + 1,
      },
    );
    const payments = rows.map((row) => Document.parse(JSON.parse(String(row["document"]))).payment);
    return Promise.resolve(toPage(payments, limit, ({ createdAt, id }) => ({ at: createdAt, id })));
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async transition(
    id: PaymentId,
    reach: Reach,
    decide: (course: Course) => Transition,
  ): Promise<Course | undefined> {
    return this.#db.transaction(() => {
      const course = this.#within(id, reach);
      if (!course) return undefined;
      const transition = decide(course);
      this.#update(transition);
      for (const entry of transition.entries) this.#book(entry);
      this.#tell(transition);
      const { payment, refunds, work } = transition;
      return { payment, refunds, work };
    });
  }

  balances(): Promise<readonly Balance[]> {
    const rows = this.#db.all(
      `select currency,
         sum(case side when 'debit' then amount_minor else 0 end) as debitsMinor,
         sum(case side when 'credit' then amount_minor else 0 end) as creditsMinor,
         sum(case side when 'debit' then amount_minor else -amount_minor end) as differenceMinor
       from ledger group by currency order by currency`,
    );
    return Promise.resolve(rows.map((row) => Balance.parse(row)));
  }

  #within(id: PaymentId, reach: Reach): Course | undefined {
    const course = readCourse(this.#db, this.#work, id);
    return course && within(reach, course.payment.customerId) ? course : undefined;
  }

  #insert(opening: Transition): void {
    const { payment } = opening;
    try {
      this.#db.run(
        `insert into payments
           (id, order_id, customer_id, created_at, is_idle, due_at, document, key_id, work)
         values
           (:id, :orderId, :customerId, :createdAt, :isIdle, :dueAt, :document, :keyId, :sealed)`,
        {
          ...this.#changingValues(opening),
          orderId: payment.orderId,
          customerId: payment.customerId,
          createdAt: payment.createdAt,
        },
      );
    } catch (thrown) {
      if (!isUniqueViolation(thrown)) throw thrown;
      throw new PaymentError("order_has_payment", "Cannot pay order: it has a payment already");
    }
  }

  #update(transition: Transition): void {
    this.#db.run(
      `update payments set is_idle = :isIdle, due_at = :dueAt, document = :document,
         key_id = :keyId, work = :sealed
       where id = :id`,
      this.#changingValues(transition),
    );
  }

  #changingValues(transition: Transition): Record<string, string | number> {
    const { payment, refunds, work } = transition;
    return {
      ...this.#work.seal(payment.id, work),
      id: payment.id,
      isIdle: isIdle(transition) ? 1 : 0,
      dueAt: work.dueAt,
      document: JSON.stringify({ payment, refunds }),
    };
  }

  #book({ paymentId, booking, account, side, amountMinor, currency, at }: LedgerEntry): void {
    this.#db.run(
      `insert into ledger (payment_id, booking, account, side, amount_minor, currency, at)
       values (:paymentId, :booking, :account, :side, :amountMinor, :currency, :at)`,
      { paymentId, booking, account, side, amountMinor, currency, at },
    );
  }

  #tell(transition: Transition): void {
    const happening = paymentHappening(transition);
    if (happening) this.#outbox.add(happening);
  }
}

export function readCourse(
  db: Database,
  work: SealedColumn<Work>,
  id: PaymentId,
): Course | undefined {
  const row = db.get("select id, document, key_id, work from payments where id = :id", { id });
  return row && { ...Document.parse(JSON.parse(String(row["document"]))), work: work.open(row) };
}
