import type { RefundId } from "../domain/mod.ts";
import { type CardProcessor, type Charge, type ChargeRequest, ProcessorError } from "../ports.ts";

/**
 * How a call of the processor ends: done and answered; done, and the answer lost; not done, and no
 * answer either; or refused, without anything being done.
 */
export type Ending = "answered" | "lost" | "down" | "refused";
export type Method = keyof CardProcessor;

/** A processor that keeps its promises, on a line that is as bad as the test says. */
export class FakeCardProcessor implements CardProcessor {
  readonly calls: Method[] = [];
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, number>();
  declines = false;
  line: (method: Method) => Ending = () => "answered";

  authorize({ reference, amountMinor, currency }: ChargeRequest): Promise<Charge> {
    return this.#answer("authorize", () => {
      const status = this.declines ? "declined" : "authorized";
      return this.charges.get(reference) ??
        this.#keep(reference, { status, amountMinor, currency });
    });
  }

  find(reference: string): Promise<Charge | undefined> {
    return this.#answer("find", () => this.charges.get(reference));
  }

  capture(reference: string): Promise<Charge> {
    return this.#answer("capture", () => {
      const charge = this.charges.get(reference);
      if (charge?.status === "captured") return charge;
      if (charge?.status !== "authorized") throw new ProcessorError("refused", "nothing is held");
      return this.#keep(reference, { ...charge, status: "captured" });
    });
  }

  void(reference: string): Promise<Charge> {
    return this.#answer("void", () => {
      const charge = this.charges.get(reference) ?? { amountMinor: 0, currency: "EUR" };
      if ("status" in charge && charge.status === "captured") {
        throw new ProcessorError("refused", "it is taken");
      }
      return this.#keep(reference, { ...charge, status: "voided" });
    });
  }

  refund(_reference: string, refundReference: RefundId, amountMinor: number): Promise<void> {
    return this.#answer("refund", () => {
      this.refunds.set(refundReference, amountMinor);
    });
  }

  get takenMinor(): number {
    const taken = this.charges.values().filter(({ status }) => status === "captured");
    return taken.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  }

  get paidBackMinor(): number {
    return this.refunds.values().reduce((sum, amountMinor) => sum + amountMinor, 0);
  }

  callsOf(method: Method): number {
    return this.calls.filter((call) => call === method).length;
  }

  #keep(reference: string, charge: Charge): Charge {
    this.charges.set(reference, charge);
    return charge;
  }

  // deno-lint-ignore require-await -- whatever is thrown must come as a rejection.
  async #answer<T>(method: Method, work: () => T): Promise<T> {
    this.calls.push(method);
    const ending = this.line(method);
    if (ending === "down") throw new ProcessorError("unanswered", "down");
    if (ending === "refused") throw new ProcessorError("refused", "no");
    const result = work();
    if (ending === "lost") throw new ProcessorError("unanswered", "lost");
    return result;
  }
}

/** `ending` for the first call of `method`, and then the line is good. */
export function once(method: Method, ending: Ending): (called: Method) => Ending {
  let isOver = false;
  return (called) => {
    if (called !== method || isOver) return "answered";
    isOver = true;
    return ending;
  };
}
