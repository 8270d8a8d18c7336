import { z } from "zod";
import type { ServiceToken } from "platform/access";
import type { Order } from "../domain/mod.ts";
import { type Payments, PaymentsError, type PaymentView } from "../ports.ts";

const callTimeoutMs = 5_000;

/** What we rely on of payment's answers. */
const PaymentReply = z.object({
  id: z.string().min(1),
  status: z.enum(["requires_capture", "processing", "succeeded", "canceled", "failed", "unknown"]),
  capturedMinor: z.int().nonnegative(),
  refundedMinor: z.int().nonnegative(),
});

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
    return PaymentReply.parse(await this.#call("POST", "/payments", `order-${order.id}`, body));
  }

  async find(paymentId: string): Promise<PaymentView> {
    return PaymentReply.parse(await this.#call("GET", path(paymentId)));
  }

  async capture(paymentId: string, key: string): Promise<PaymentView> {
    return PaymentReply.parse(await this.#call("POST", `${path(paymentId)}/capture`, key));
  }

  async cancel(paymentId: string): Promise<PaymentView> {
    return PaymentReply.parse(await this.#call("POST", `${path(paymentId)}/cancel`));
  }

  async refund(paymentId: string, amountMinor: number, key: string): Promise<void> {
    await this.#call("POST", `${path(paymentId)}/refunds`, key, { amountMinor });
  }

  async #call(method: string, path: string, key?: string, body?: unknown): Promise<unknown> {
    const { baseUrl, fetch, token } = this.#options;
    let response: Response;
    let reply: unknown;
    try {
      response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await token()}`,
          ...key && { "idempotency-key": key },
          ...body !== undefined && { "content-type": "application/json" },
        },
        ...body !== undefined && { body: JSON.stringify(body) },
        signal: AbortSignal.timeout(callTimeoutMs),
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
