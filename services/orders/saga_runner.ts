import type { Logger } from "platform/telemetry";
import { WorkRunner } from "platform/work";
import {
  authorized,
  confirmed,
  type Course,
  isPastDeadline,
  type Order,
  type OrderId,
  paymentFailed,
  type SagaStep,
  type Transition,
  undone,
  unsettled,
} from "./domain/mod.ts";
import type { FaultPoint } from "./fault_points.ts";
import {
  type OrderStore,
  type Payments,
  PaymentsError,
  type PaymentView,
  type SagaStore,
} from "./ports.ts";

export interface SagaRunnerOptions {
  readonly orders: OrderStore;
  readonly sagas: SagaStore;
  readonly payments: Payments;
  readonly log: Logger;
  readonly now: () => Date;
  /** Called between the steps, with the name of the place: where tests let the process die. */
  readonly reach: (faultPoint: FaultPoint) => void;
  /** How often the store is asked for sagas that are due. */
  readonly everyMs?: number;
}

export type SagaRunner = WorkRunner<OrderId, Course>;

/**
 * Goes on with the sagas of all orders until they are done, those that a crash left included.
 * Every step may be repeated: payment tells repeated calls by their keys.
 */
export function createSagaRunner(options: SagaRunnerOptions): SagaRunner {
  const steps = new SagaSteps(options);
  return new WorkRunner<OrderId, Course>({
    ...options,
    name: "sagas",
    store: options.sagas,
    step: (course) => steps.take(course),
    goesOn: (before, { saga }) => saga.step !== before.saga.step && saga.step !== "done",
    isSettled: ({ order, saga }) => saga.step === "done" || isSettled(order),
    async isSettledElsewhere(id) {
      const order = await options.orders.find(id, "any");
      return !order || isSettled(order);
    },
    dueAt: ({ saga }) => new Date(saga.dueAt),
  });
}

/** What each step of a saga asks payment, and what becomes of the order by the answer. */
class SagaSteps {
  readonly #options: SagaRunnerOptions;

  constructor(options: SagaRunnerOptions) {
    this.#options = options;
  }

  /** Takes the step that the saga is at, and commits what came of it. */
  async take(course: Course): Promise<Course | undefined> {
    const { orders, now, reach, log } = this.#options;
    const { step } = course.saga;
    if (step === "done") return course;
    reach(`saga.before_${step}`);
    const decide = await this.#ask(step, course).catch((thrown) => {
      if (!(thrown instanceof PaymentsError && thrown.code === "unavailable")) throw thrown;
      log.warn("Payment is out of reach", { "order.id": course.order.id, "saga.step": step });
      return (current: Course) => unsettled(current, null, now());
    });
    reach(`saga.after_${step}`);
    // While payment was asked, the order may have been cancelled: what was learnt is then for the next step.
    const next = await orders.transition(
      course.order.id,
      "any",
      (current) =>
        current.saga.step === step ? decide(current) : { ...current, releasesStock: false },
    );
    reach(`saga.committed_${step}`);
    return next;
  }

  #ask(
    step: Exclude<SagaStep, "done">,
    course: Course,
  ): Promise<(current: Course) => Transition> {
    switch (step) {
      case "authorize":
        return this.#authorize(course);
      case "capture":
        return this.#capture(course);
      case "undo_payment":
        return this.#undo(course);
    }
  }

  async #authorize(course: Course): Promise<(current: Course) => Transition> {
    const { now } = this.#options;
    if (isPastDeadline(course.saga, now())) return giveUp(now());
    let payment: PaymentView;
    try {
      payment = await this.#firstSight(course);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      // It may be that somebody else has paid the order: undoing looks for that.
      return giveUp(now());
    }
    const { id, status } = payment;
    switch (status) {
      case "requires_capture":
        return (current) => authorized(current, id, now());
      case "succeeded":
        return (current) => confirmed(current, id, now());
      case "failed":
      case "canceled":
        return (current) => paymentFailed(current, { undo: false, at: now() });
      case "processing":
      case "unknown":
        return (current) => unsettled(current, id, now());
    }
  }

  async #capture({ order, saga }: Course): Promise<(current: Course) => Transition> {
    const { payments, now } = this.#options;
    const id = order.paymentId!;
    let payment = saga.attempts > 0 ? await payments.find(id) : undefined;
    if (!payment || payment.status === "requires_capture") {
      if (isPastDeadline(saga, now())) return giveUp(now());
      try {
        payment = await payments.capture(id, `capture-${order.id}-${saga.attempts}`);
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown;
        // Somebody else moved the payment: see where it stands, next time.
        return (current) => unsettled(current, id, now());
      }
    }
    switch (payment.status) {
      case "succeeded":
        return (current) => confirmed(current, id, now());
      case "failed":
      case "canceled":
        return (current) => paymentFailed(current, { undo: false, at: now() });
      case "requires_capture":
      case "processing":
      case "unknown":
        return isPastDeadline(saga, now())
          ? giveUp(now())
          : (current) => unsettled(current, id, now());
    }
  }

  /** Sees to it that the payment holds and keeps no money, whatever has become of it. */
  async #undo(course: Course): Promise<(current: Course) => Transition> {
    const { payments, now } = this.#options;
    const { order, saga } = course;
    const first = await refusalAsIs(undefined, this.#firstSight(course)) ??
      await payments.findByOrder(order);
    // Payment knows of none, and will make none: the order is no longer pending.
    if (!first) return (current) => undone(current, now());
    let payment: PaymentView = first;
    if (payment.status !== "succeeded" && !isClosed(payment)) {
      payment = await refusalAsIs(payment, payments.cancel(payment.id));
    }
    if (payment.status === "succeeded" && !isClosed(payment)) {
      const restMinor = payment.capturedMinor - payment.refundedMinor;
      const key = `undo-${order.id}-${saga.attempts}`;
      await refusalAsIs(undefined, payments.refund(payment.id, restMinor, key));
      payment = await payments.find(payment.id);
    }
    return isClosed(payment)
      ? (current) => undone(current, now())
      : (current) => unsettled(current, payment.id, now());
  }

  /**
   * The order's payment as it stands. While its id is unknown, asks for it under the order's own key:
   * payment answers with the one there is, or makes it, or refuses.
   */
  #firstSight({ order, saga }: Course): Promise<PaymentView> {
    const { payments } = this.#options;
    if (order.paymentId !== null) return payments.find(order.paymentId);
    const { paymentMethod } = saga;
    if (paymentMethod === null) throw new Error("Cannot ask payment: the saga has no method");
    return this.#ownPayment(order, paymentMethod);
  }

  /** The answer to a repeated request is the first one: only a look tells where the payment stands now. */
  async #ownPayment(order: Order, paymentMethod: string): Promise<PaymentView> {
    const { payments } = this.#options;
    const { id, status } = await payments.authorize(order, paymentMethod);
    if (status === "failed") return { id, status, capturedMinor: 0, refundedMinor: 0 };
    return await payments.find(id);
  }
}

function giveUp(at: Date): (current: Course) => Transition {
  return (current) => paymentFailed(current, { undo: true, at });
}

function isSettled({ status }: Order): boolean {
  return status !== "pending" && status !== "authorized";
}

/** Whether a payment neither holds nor keeps any money. */
function isClosed({ status, capturedMinor, refundedMinor }: PaymentView): boolean {
  return status === "canceled" || status === "failed" ||
    (status === "succeeded" && refundedMinor >= capturedMinor);
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof PaymentsError && thrown.code === "refused";
}

/** A refused call changes nothing: the next look at the payment tells why. */
async function refusalAsIs<T>(otherwise: T, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    if (isRefusal(thrown)) return otherwise;
    throw thrown;
  }
}
