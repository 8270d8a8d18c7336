import { z } from "zod";
import { OrderId } from "./order.ts";

/** How long after placing an order its payment may stay unsettled. */
export const paymentDeadlineMs = 60_000;

const retryMsMin = 200;
const retryMsMax = 5_000;
const undoRetryMsMax = 15_000;

/**
 * What is left to do for an order. The stock is reserved in the transaction that places the
 * order, and the order is confirmed or closed in the one that ends the saga; between the two
 * lie the calls to payment:
 *
 * `authorize` → `capture` → `done`, and from either, when the order fails or is cancelled,
 * → `undo_payment` → `done`.
 */
export const SagaStep = z.enum(["authorize", "capture", "undo_payment", "done"]);
export type SagaStep = z.output<typeof SagaStep>;

export const Saga = z.object({
  orderId: OrderId,
  step: SagaStep,
  /** How often the current step was tried. */
  attempts: z.int().nonnegative(),
  /** When the step is to be tried next. */
  dueAt: z.iso.datetime(),
  /** When an unsettled payment is given up. */
  deadlineAt: z.iso.datetime(),
  /** Forgotten as soon as no step needs it. */
  paymentMethod: z.string().nullable().meta({ sensitive: true }),
});
export type Saga = z.output<typeof Saga>;

export function newSaga(
  orderId: OrderId,
  paymentMethod: string,
  at: Date,
  deadlineMs: number = paymentDeadlineMs,
): Saga {
  return {
    orderId,
    step: "authorize",
    attempts: 0,
    dueAt: at.toISOString(),
    deadlineAt: new Date(at.getTime() + deadlineMs).toISOString(),
    paymentMethod,
  };
}

/** The saga at another step, due at once. */
export function enter(saga: Saga, step: SagaStep, at: Date): Saga {
  const paymentMethod = step === "done" ? null : saga.paymentMethod;
  return { ...saga, step, attempts: 0, dueAt: at.toISOString(), paymentMethod };
}

/** The saga at the same step, due again after a pause that doubles with each attempt. */
export function retryLater(saga: Saga, at: Date): Saga {
  const longest = saga.step === "undo_payment" ? undoRetryMsMax : retryMsMax;
  const pauseMs = Math.min(longest, retryMsMin * 2 ** Math.min(saga.attempts, 10));
  const pauseUntil = at.getTime() + pauseMs;
  const deadline = Date.parse(saga.deadlineAt);
  // Nothing is gained by sleeping through the deadline.
  const dueMs = at.getTime() < deadline ? Math.min(pauseUntil, deadline) : pauseUntil;
  return { ...saga, attempts: saga.attempts + 1, dueAt: new Date(dueMs).toISOString() };
}

export function isPastDeadline(saga: Saga, at: Date): boolean {
  return at.getTime() >= Date.parse(saga.deadlineAt);
}
