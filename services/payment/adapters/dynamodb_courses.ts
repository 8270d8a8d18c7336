import { z } from "zod";
import { type DocumentCipher, sensitiveFieldsOf } from "platform/crypto";
import { type Course, isIdle, Payment, Refund, Work } from "../domain/mod.ts";
import {
  ageKey,
  bucketOf,
  keyShardOf,
  keyShards,
  listShardOf,
  listShards,
  paymentKey,
  workShardOf,
  workShards,
} from "./dynamodb_keys.ts";
import { type Item, type Key, type Update, updateOf, type Write } from "./dynamodb_write.ts";

const sensitiveFields = sensitiveFieldsOf(Work) as readonly (keyof Work)[];

/** A payment as it is kept, and what the table needs to know of it. */
const CourseItem = z.object({
  payment: Payment,
  refunds: z.array(Refund),
  work: z.record(z.string(), z.unknown()),
  /** Of the key that has sealed the work. */
  keyId: z.string(),
  /** Counts the writes of the course. Leases, postponements and keys are not among them. */
  revision: z.int().positive(),
  /** The place of its last event in the outbox, or 0. */
  eventStampMs: z.int().nonnegative(),
});

export interface CourseRecord {
  readonly course: Course;
  readonly revision: number;
  readonly eventStampMs: number;
}

/** Payments with their work sealed, as items of the table and back. */
export class DynamodbCourses {
  readonly #cipher: DocumentCipher<Work>;

  constructor(cipher: DocumentCipher<Work>) {
    this.#cipher = cipher;
  }

  get currentKeyId(): string {
    return this.#cipher.currentKeyId;
  }

  /** @throws {FieldCipherError} when the work does not open. */
  open(item: Item): CourseRecord {
    const { work: document, keyId, payment, refunds, ...record } = CourseItem.parse(item);
    const work = this.#cipher.open(payment.id, { keyId, document });
    return { ...record, course: { payment, refunds, work } };
  }

  /** The item of a payment that is new. */
  newItem(record: CourseRecord): Key & Item {
    const { id, customerId, createdAt } = record.course.payment;
    return {
      ...paymentKey(id),
      ...this.#attributes(record),
      customerId,
      listShard: listShardOf(bucketOf(id, listShards)),
      ageKey: ageKey(createdAt, id),
      leasedUntilMs: 0,
    };
  }

  /** Writes the course where the revision before it is still there. Who holds it, stays with it. */
  update(record: CourseRecord): Write {
    const { course: { payment }, revision } = record;
    return {
      update: paymentKey(payment.id),
      with: updateOf(this.#attributes(record), "revision = :before", {
        ":before": revision - 1,
      }),
    };
  }

  /** Seals the work anew where neither the course nor its key has changed; undefined when it is under the current one. */
  resealing(item: Item): Update | undefined {
    const { keyId } = CourseItem.parse(item);
    if (keyId === this.currentKeyId) return undefined;
    const { course, revision } = this.open(item);
    const unchanged = "revision = :before AND keyId = :keyBefore";
    const values = { ":before": revision, ":keyBefore": keyId };
    return updateOf(this.#sealed(course), unchanged, values);
  }

  #attributes({ course, revision, eventStampMs }: CourseRecord): Item {
    const { payment, refunds, work } = course;
    return {
      ...this.#sealed(course),
      payment,
      refunds,
      revision,
      eventStampMs,
      dueAt: work.dueAt,
      workShard: isIdle(course) ? undefined : workShardOf(bucketOf(payment.id, workShards)),
    };
  }

  /** Work that hides nothing is in no shard of those to be sealed anew: it reads without a key. */
  #sealed({ payment: { id }, work: plain }: Course): Item {
    const { keyId, document: work } = this.#cipher.seal(id, plain);
    const hides = sensitiveFields.some((field) => plain[field] !== null);
    return { work, keyId, keyShard: hides ? keyShardOf(bucketOf(id, keyShards)) : undefined };
  }
}
