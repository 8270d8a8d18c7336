import { z } from "zod";
import { PaymentId } from "./payment.ts";

/** How long the processor is asked again before an unanswered authorization is given up. */
export const authorizationTimeoutMs = 60_000;

const retryMsMin = 200;
const retryMsMax = 5_000;

/**
 * What is to be reached at the processor: written down before it is asked, so that whoever comes
 * after a crash goes on. `none` leaves only pending refunds to be made.
 */
export const Intent = z.enum(["authorize", "capture", "cancel", "none"]);
export type Intent = z.output<typeof Intent>;

export const Work = z.object({
  paymentId: PaymentId,
  intent: Intent,
  /** Whether a held payment is captured at once. */
  captures: z.boolean(),
  /** How often the processor was asked for the intent. */
  attempts: z.int().nonnegative(),
  dueAt: z.iso.datetime(),
  /** When an unanswered authorization is given up. */
  deadlineAt: z.iso.datetime(),
  /** Forgotten once the payment is authorized or has failed. */
  paymentMethod: z.string().nullable().meta({ sensitive: true }),
});
export type Work = z.output<typeof Work>;

export function newWork(
  { paymentId, captures, paymentMethod }: {
    readonly paymentId: PaymentId;
    readonly captures: boolean;
    readonly paymentMethod: string;
  },
  at: Date,
): Work {
  return {
    paymentId,
    intent: "authorize",
    captures,
    attempts: 0,
    dueAt: at.toISOString(),
    deadlineAt: new Date(at.getTime() + authorizationTimeoutMs).toISOString(),
    paymentMethod,
  };
}

/** The work with another intent, due at once. */
export function intend(work: Work, intent: Intent, at: Date): Work {
  const paymentMethod = intent === "authorize" ? work.paymentMethod : null;
  return { ...work, intent, attempts: 0, dueAt: at.toISOString(), paymentMethod };
}

/** The same work, due again after a pause that doubles with each attempt. */
export function tryLater(work: Work, at: Date): Work {
  const pauseMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(work.attempts, 10));
  const dueAt = new Date(at.getTime() + pauseMs).toISOString();
  return { ...work, attempts: work.attempts + 1, dueAt };
}
