import { z } from "zod";
import type { ServiceToken } from "platform/access";
import type { Order } from "../domain/mod.ts";
import { type Payments, PaymentsError, type PaymentView } from "../ports.ts";

/** For the token and the whole answer. */
const callTimeoutMs = 5_000;

/** What we rely on of payment's answers. */
const PaymentReply = z.object({
  id: z.string().min(1),
  status: z.enum(["requires_capture", "processing", "succeeded", "canceled", "failed", "unknown"]),
  capturedMinor: z.int().nonnegative(),
  refundedMinor: z.int().nonnegative(),
});

const PaymentList = z.object({ items: z.array(PaymentReply) });

/** Statuses by which payment says no for good. Others may be overcome by asking again. */
const refusals: ReadonlySet<number> = new Set([400, 404, 409, 413, 422]);

export interface HttpPaymentsOptions {
  readonly baseUrl: string;
  /** Carries requests to payment and nobody else. */
  readonly fetch: typeof fetch;
  readonly token: ServiceToken;
}

/** Pays by the payment service's own API. */
export class HttpPayments implements Payments {
  readonly #options: HttpPaymentsOptions;

  constructor(options: HttpPaymentsOptions) {
    this.#options = options;
  }

  async authorize(order: Order, paymentMethod: string): Promise<PaymentView> {
    const body = {
      orderId: order.id,
      amountMinor: order.totalMinor,
      currency: order.currency,
      paymentMethod,
      capture: false,
    };
    return await this.#see("POST", "/payments", `order-${order.id}`, body);
  }

  async find(paymentId: string): Promise<PaymentView> {
    return await this.#see("GET", path(paymentId));
  }

  async findByOrder({ id }: Order): Promise<PaymentView | undefined> {
    const path = `/payments?orderId=${encodeURIComponent(id)}`;
    return this.#read(PaymentList, "GET", path, await this.#call("GET", path)).items[0];
  }

  async capture(paymentId: string, key: string): Promise<PaymentView> {
    return await this.#see("POST", `${path(paymentId)}/capture`, key);
  }

  async cancel(paymentId: string): Promise<PaymentView> {
    return await this.#see("POST", `${path(paymentId)}/cancel`);
  }

  async refund(paymentId: string, amountMinor: number, key: string): Promise<void> {
    await this.#call("POST", `${path(paymentId)}/refunds`, key, { amountMinor });
  }

  async #see(method: string, path: string, key?: string, body?: unknown): Promise<PaymentView> {
    return this.#read(PaymentReply, method, path, await this.#call(method, path, key, body));
  }

  /** What we cannot read says nothing about what was done. */
  #read<Shape extends z.ZodType>(
    shape: Shape,
    method: string,
    path: string,
    reply: unknown,
  ): z.output<Shape> {
    const read = shape.safeParse(reply);
    if (read.success) return read.data;
    const message = `Cannot ${method} ${path}: the answer shows no payment`;
    throw new PaymentsError("unavailable", message, read.error);
  }

  async #call(method: string, path: string, key?: string, body?: unknown): Promise<unknown> {
    const { baseUrl, fetch, token } = this.#options;
    const signal = AbortSignal.timeout(callTimeoutMs);
    let response: Response;
    let reply: unknown;
    try {
      response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await token(signal)}`,
          ...key && { "idempotency-key": key },
          ...body !== undefined && { "content-type": "application/json" },
        },
        ...body !== undefined && { body: JSON.stringify(body) },
        signal,
      });
      reply = await response.json();
    } catch (cause) {
      throw new PaymentsError("unavailable", `Cannot ${method} ${path}: no answer`, cause);
    }
    if (response.ok) return reply;
    const inFlight = kindOf(reply).endsWith(":idempotency-key-in-flight");
    const code = refusals.has(response.status) && !inFlight ? "refused" : "unavailable";
    const { status } = response;
    throw new PaymentsError(code, `Cannot ${method} ${path}: ${status} ${kindOf(reply)}`);
  }
}

function path(paymentId: string): string {
  return `/payments/${encodeURIComponent(paymentId)}`;
}

/** The problem type of a refusal, or nothing when it is none. */
function kindOf(reply: unknown): string {
  return z.object({ type: z.string() }).catch({ type: "" }).parse(reply).type;
}
