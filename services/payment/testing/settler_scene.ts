import { deepEqual, equal } from "node:assert/strict";
import { TestKeyRing } from "platform/crypto/testing";
import type { CloudEvent } from "platform/events";
import { drain } from "platform/events/testing";
import { silentLogger } from "platform/telemetry";
import { openEmbeddedStores, type Stores } from "../adapters/mod.ts";
import { ciphersOf } from "../ciphers.ts";
import {
  asItIs,
  type Course,
  NewPayment,
  opened,
  PaymentId,
  type PaymentStatus,
  refundAsked,
  RefundId,
  type Transition,
} from "../domain/mod.ts";
import { createSettler } from "../settler.ts";
import { FakeCardProcessor } from "./fake_card_processor.ts";

export const noon = new Date("2026-01-02T12:00:00.000Z");

/** Whom the payment belongs to: tests need to reach no further. */
const reach = { owner: "ada" } as const;

export interface SceneTraits {
  readonly capture?: boolean;
  readonly onReach?: (faultPoint: string) => void;
}

export interface Scene extends Stores {
  readonly processor: FakeCardProcessor;
  readonly clock: { nowMs: number };
  /** What was logged for somebody to look at. */
  readonly errors: readonly string[];
  readonly id: PaymentId;
  course(): Promise<Course>;
  status(): Promise<PaymentStatus>;
  /** Goes as far as the processor's answers allow, once. */
  settle(): Promise<void>;
  ask(decide: (course: Course) => Transition): Promise<unknown>;
  /** The last words of the types of the events told so far. */
  events(): Promise<readonly (string | undefined)[]>;
}

/** One payment of 900, a processor, and a settler whose clock stands until it is moved. */
export async function aScene(
  { capture = true, onReach = () => {} }: SceneTraits = {},
): Promise<Scene> {
  const stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  const clock = { nowMs: noon.getTime() };
  const processor = new FakeCardProcessor();
  const errors: string[] = [];
  const settler = createSettler({
    ...stores,
    processor,
    log: { ...silentLogger, error: (message) => errors.push(message) },
    now: () => new Date(clock.nowMs),
    newId: () => crypto.randomUUID(),
    reach: onReach,
    everyMs: 3_600_000,
  });
  const asked = NewPayment.parse({
    orderId: crypto.randomUUID(),
    amountMinor: 900,
    currency: "EUR",
    paymentMethod: "pm_card_visa",
    capture,
  });
  const id = PaymentId.parse(crypto.randomUUID());
  const opening = opened(asked, {
    id,
    customerId: reach.owner,
    at: noon,
  });
  await stores.payments.open(opening);
  const course = async (): Promise<Course> =>
    (await stores.payments.transition(id, reach, asItIs))!;
  const told: CloudEvent[] = [];
  return {
    ...stores,
    processor,
    clock,
    errors,
    id,
    course,
    status: async () => (await course()).payment.status,
    settle: () => settler.settle(id, 0),
    ask: (decide: (course: Course) => Transition) => stores.payments.transition(id, reach, decide),
    async events() {
      told.push(...await drain(stores.outbox));
      return told.map(({ type }) => type.split(".").at(-1));
    },
    async [Symbol.asyncDispose]() {
      await settler[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
    },
  };
}

/** After each of these tests, the books must say exactly what the processor did, and add up to nothing. */
export function testSettler(
  promise: string,
  check: (s: Scene) => Promise<void>,
  traits?: SceneTraits,
): void {
  Deno.test(promise, async () => {
    await using s = await aScene(traits);
    await check(s);
    await hasTrueBooks(s);
  });
}

async function hasTrueBooks({ payments, processor, course }: Scene): Promise<void> {
  const { takenMinor, paidBackMinor } = processor;
  const [balance] = await payments.balances();
  equal(balance?.differenceMinor ?? 0, 0);
  equal(balance?.debitsMinor ?? 0, takenMinor + paidBackMinor);
  const { payment } = await course();
  deepEqual([payment.capturedMinor, payment.refundedMinor], [takenMinor, paidBackMinor]);
}

export function refunding(refundId: RefundId, amountMinor: number): (course: Course) => Transition {
  return (course) => refundAsked(course, { refundId, amountMinor, at: noon });
}

export function aRefundId(): RefundId {
  return RefundId.parse(crypto.randomUUID());
}
