import { z } from "zod";
import { type Reach, within } from "platform/access";
import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import { type Database, isUniqueViolation } from "platform/store";
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
  Work,
} from "../domain/mod.ts";
import type { PaymentStore } from "../ports.ts";

const Document = z.object({ payment: Payment, refunds: z.array(Refund), work: Work });

/** Keeps payments and their ledger in one SQLite file: the default, for development and single-node use. */
export class EmbeddedPaymentStore implements PaymentStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;

  constructor(db: Database, outbox: EmbeddedOutbox) {
    this.#db = db;
    this.#outbox = outbox;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async open(opening: Transition): Promise<Payment> {
    return this.#db.transaction(() => {
      const there = readCourse(this.#db, opening.payment.id);
      if (there) return there.payment;
      this.#insert(opening);
      this.#tell(opening);
      return opening.payment;
    });
  }

  find(id: PaymentId, reach: Reach): Promise<Payment | undefined> {
    return Promise.resolve(this.#within(id, reach)?.payment);
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
    const course = readCourse(this.#db, id);
    return course && within(reach, course.payment.customerId) ? course : undefined;
  }

  #insert(opening: Transition): void {
    const { payment } = opening;
    try {
      this.#db.run(
        `insert into payments
           (id, order_id, customer_id, created_at, is_idle, due_at, document)
         values (:id, :orderId, :customerId, :createdAt, :isIdle, :dueAt, :document)`,
        {
          ...changingValues(opening),
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
      `update payments set is_idle = :isIdle, due_at = :dueAt, document = :document
       where id = :id`,
      changingValues(transition),
    );
  }

  #book({ paymentId, booking, account, side, amountMinor, currency, at }: LedgerEntry): void {
    this.#db.run(
      `insert into ledger (payment_id, booking, account, side, amount_minor, currency, at)
       values (:paymentId, :booking, :account, :side, :amountMinor, :currency, :at)`,
      { paymentId, booking, account, side, amountMinor, currency, at },
    );
  }

  #tell({ payment, event }: Transition): void {
    if (!event) return;
    const { id: paymentId, orderId, customerId, amountMinor, refundedMinor, currency } = payment;
    this.#outbox.add({
      type: event.type,
      subject: paymentId,
      at: new Date(event.at),
      data: { paymentId, orderId, customerId, amountMinor, refundedMinor, currency },
    });
  }
}

export function readCourse(db: Database, id: PaymentId): Course | undefined {
  const row = db.get("select document from payments where id = :id", { id });
  return row && Document.parse(JSON.parse(String(row["document"])));
}

function changingValues(transition: Transition): Record<string, string | number> {
  const { payment, refunds, work } = transition;
  return {
    id: payment.id,
    isIdle: isIdle(transition) ? 1 : 0,
    dueAt: work.dueAt,
    document: JSON.stringify({ payment, refunds, work }),
  };
}
