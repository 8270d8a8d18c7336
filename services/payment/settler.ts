import type { Logger } from "platform/telemetry";
import { WorkRunner } from "platform/work";
import {
  asItIs,
  captured,
  type Course,
  declined,
  held,
  isIdle,
  type Payment,
  type PaymentId,
  refunded,
  RefundId,
  refundRefused,
  type Transition,
  unanswered,
  voided,
} from "./domain/mod.ts";
import type { FaultPoint } from "./fault_points.ts";
import {
  type CardProcessor,
  type Charge,
  type PaymentStore,
  type PaymentWorkStore,
  ProcessorError,
} from "./ports.ts";

export interface SettlerOptions {
  readonly payments: PaymentStore;
  readonly work: PaymentWorkStore;
  readonly processor: CardProcessor;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Called between the steps, with the name of the place: where tests let the process die. */
  readonly reach: (faultPoint: FaultPoint) => void;
  /** How often the store is asked for payments that are due. */
  readonly everyMs?: number;
}

export type Settler = WorkRunner<PaymentId, Course>;

/**
 * Brings every payment to where it is meant to be at the processor, however often a process dies or
 * an answer is lost on the way. What is not known is asked for, and never charged a second time:
 * the processor makes one charge for each reference.
 */
export function createSettler(options: SettlerOptions): Settler {
  const steps = new SettlerSteps(options);
  return new WorkRunner<PaymentId, Course>({
    ...options,
    name: "settler",
    store: options.work,
    step: (course) => steps.take(course),
    goesOn: (before, after) => !isIdle(after) && after.work.attempts <= before.work.attempts,
    isSettled: isIdle,
    async isSettledElsewhere(id) {
      const course = await options.payments.transition(id, "any", asItIs);
      return !course || isIdle(course);
    },
    dueAt: ({ work }) => new Date(work.dueAt),
  });
}

type Decide = (current: Course) => Transition;

/** What each step asks the processor, and what becomes of the payment by the answer. */
class SettlerSteps {
  readonly #options: SettlerOptions;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Asks the processor for what the payment is meant to be, and commits what came of it. */
  async take(course: Course): Promise<Course | undefined> {
    const { payments, now, reach, log } = this.#options;
    const { payment: { id }, work: { intent } } = course;
    const place = intent === "none" ? "refund" : intent;
    reach(`${place}.before_processor`);
    let decide: Decide;
    try {
      decide = await this.#ask(course);
    } catch (thrown) {
      if (!(thrown instanceof ProcessorError && thrown.code === "unanswered")) throw thrown;
      log.warn("The processor has not answered", { "payment.id": id, "payment.intent": intent });
      decide = (current) => unanswered(current, now());
    }
    reach(`${place}.after_processor`);
    // While the processor was asked, something else may have come to be meant: look again, then.
    const next = await payments.transition(
      id,
      "any",
      (current) => current.work.intent === intent ? decide(current) : asItIs(current),
    );
    reach(`${place}.after_commit`);
    return next;
  }

  #ask(course: Course): Promise<Decide> {
    switch (course.work.intent) {
      case "authorize":
        return this.#authorize(course);
      case "capture":
        return this.#capture(course);
      case "cancel":
        return this.#cancel(course);
      case "none":
        return this.#refund(course);
    }
  }

  async #authorize({ payment, work }: Course): Promise<Decide> {
    const { processor, now } = this.#options;
    const there = await processor.find(payment.id);
    if (there) return this.#adopt(payment, there);
    if (now().getTime() >= Date.parse(work.deadlineAt)) {
      return this.#adopt(
        payment,
        await this.#orWhatIsThere(payment.id, processor.void(payment.id)),
      );
    }
    const { paymentMethod } = work;
    if (paymentMethod === null) throw new Error("Cannot authorize: the method is forgotten");
    const { amountMinor, currency } = payment;
    const request = { reference: payment.id, amountMinor, currency, paymentMethod };
    return this.#adopt(
      payment,
      await this.#orWhatIsThere(payment.id, processor.authorize(request)),
    );
  }

  async #capture({ payment }: Course): Promise<Decide> {
    const { processor } = this.#options;
    return this.#adopt(
      payment,
      await this.#orWhatIsThere(payment.id, processor.capture(payment.id)),
    );
  }

  async #cancel({ payment }: Course): Promise<Decide> {
    const { processor } = this.#options;
    return this.#adopt(payment, await this.#orWhatIsThere(payment.id, processor.void(payment.id)));
  }

  async #refund({ payment, refunds }: Course): Promise<Decide> {
    const { processor, now } = this.#options;
    const refund = refunds.find(({ status }) => status === "pending");
    if (!refund) return asItIs;
    try {
      await processor.refund(payment.id, refund.id, refund.amountMinor);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      return (current) => refundRefused(current, refund.id, now());
    }
    return (current) => refunded(current, refund.id, now());
  }

  /** A refused call has done nothing: the charge is what the processor has recorded already. */
  async #orWhatIsThere(reference: string, call: Promise<Charge>): Promise<Charge> {
    try {
      return await call;
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      const there = await this.#options.processor.find(reference);
      return there ?? { status: "declined", amountMinor: 0, currency: "" };
    }
  }

  #adopt(payment: Payment, charge: Charge): Decide {
    const { now, newId, log } = this.#options;
    const isTaken = charge.status === "authorized" || charge.status === "captured";
    if (isTaken && !isFor(payment, charge)) {
      // Booking what was not agreed would hide it: somebody has to look.
      log.error("The processor has charged something else", { "payment.id": payment.id });
      return (current) => unanswered(current, now());
    }
    switch (charge.status) {
      case "authorized":
        // Not what was asked for, unless holding it was: it is asked for again.
        return (current) =>
          current.work.intent === "authorize" ? held(current, now()) : unanswered(current, now());
      case "captured":
        return (current) => captured(current, RefundId.parse(newId()), now());
      case "declined":
        return (current) => declined(current, now());
      case "voided":
        return (current) =>
          current.work.intent === "authorize" ? declined(current, now()) : voided(current, now());
    }
  }
}

function isFor(payment: Payment, charge: Charge): boolean {
  return charge.amountMinor === payment.amountMinor && charge.currency === payment.currency;
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof ProcessorError && thrown.code === "refused";
}
