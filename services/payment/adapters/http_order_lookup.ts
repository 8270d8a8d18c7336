import { z } from "zod";
import type { ServiceToken } from "platform/access";
import { Problem, problemTypes } from "platform/problem";
import { type OrderLookup, orderStatuses, type OrderView } from "../ports.ts";

/** For the token and the answer. */
const callTimeoutMs = 2_000;

/** What we rely on of an order. */
const OrderReply = z.object({
  id: z.string(),
  customerId: z.string().min(1),
  status: z.enum(orderStatuses),
  totalMinor: z.int().nonnegative(),
  currency: z.string(),
});

export interface HttpOrderLookupOptions {
  readonly baseUrl: string;
  /** Carries requests to orders and nobody else. */
  readonly fetch: typeof fetch;
  readonly token: ServiceToken;
}

/** Looks orders up by the API of the orders service, as an auditor. */
export class HttpOrderLookup implements OrderLookup {
  readonly #options: HttpOrderLookupOptions;

  constructor(options: HttpOrderLookupOptions) {
    this.#options = options;
  }

  async find(orderId: string, signal?: AbortSignal): Promise<OrderView | undefined> {
    try {
      return await this.#ask(orderId, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Problem(problemTypes.unavailable, {
        detail: "The order cannot be looked up right now",
        headers: { "retry-after": "1" },
        cause,
      });
    }
  }

  async #ask(orderId: string, given?: AbortSignal): Promise<OrderView | undefined> {
    const { baseUrl, fetch, token } = this.#options;
    const limit = AbortSignal.timeout(callTimeoutMs);
    const signal = given ? AbortSignal.any([limit, given]) : limit;
    const response = await fetch(`${baseUrl}/orders/${encodeURIComponent(orderId)}`, {
      headers: { authorization: `Bearer ${await token(signal)}` },
      signal,
    });
    if (response.status === 200) return OrderReply.parse(await response.json());
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    throw new Error(`Cannot look up order: orders answered ${response.status}`);
  }
}
