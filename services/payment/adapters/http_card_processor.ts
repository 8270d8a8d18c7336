import { z } from "zod";
import type { Secret } from "platform/config";
import {
  CallTimeoutError,
  CircuitOpenError,
  createResilience,
  type ResilientCall,
} from "platform/resilience";
import type { RefundId } from "../domain/mod.ts";
import { type CardProcessor, type Charge, type ChargeRequest, ProcessorError } from "../ports.ts";

const tryTimeoutMs = 1_000;
const deadlineMs = 2_000;
const retriesMax = 1;

/** What we rely on of the processor's answers. */
const ChargeReply = z.object({
  status: z.enum(["authorized", "captured", "declined", "voided"]),
  amountMinor: z.int().nonnegative(),
  currency: z.string(),
});

/** Statuses by which the processor says no to what was asked. Others say nothing about it. */
const refusals: ReadonlySet<number> = new Set([400, 404, 409, 422]);

/** The processor answered that it is in trouble, or nothing that can be read. */
class ProcessorTrouble extends Error {
  override readonly name = "ProcessorTrouble";
}

export interface HttpCardProcessorOptions {
  readonly baseUrl: string;
  readonly apiKey: Secret;
  readonly fetch: typeof fetch;
}

/**
 * Asks the processor over HTTPS, with a deadline, retries and a circuit breaker. No call of its API
 * does anything twice for one reference; all but the charge itself are repeated when no answer comes.
 */
export class HttpCardProcessor implements CardProcessor {
  readonly #options: HttpCardProcessorOptions;
  readonly #call: ResilientCall;

  constructor(options: HttpCardProcessorOptions) {
    this.#options = options;
    this.#call = createResilience({
      target: "processor",
      tryTimeoutMs,
      deadlineMs,
      retry: { retriesMax },
      isTransient,
    });
  }

  async authorize(request: ChargeRequest): Promise<Charge> {
    // Whoever gets no answer asks what was recorded, before it tries again.
    return toCharge(await this.#ask("POST", "/v1/charges", { body: request, repeatable: false }));
  }

  async find(reference: string): Promise<Charge | undefined> {
    const reply = await this.#ask("GET", path(reference));
    return reply.status === 404 ? undefined : toCharge(reply);
  }

  async capture(reference: string): Promise<Charge> {
    return toCharge(await this.#ask("POST", `${path(reference)}/capture`));
  }

  async void(reference: string): Promise<Charge> {
    return toCharge(await this.#ask("POST", `${path(reference)}/void`));
  }

  async refund(reference: string, refundReference: RefundId, amountMinor: number): Promise<void> {
    const body = { refundReference, amountMinor };
    const reply = await this.#ask("POST", `${path(reference)}/refunds`, { body });
    if (reply.status !== 201) throw refusal(reply);
  }

  async #ask(
    method: string,
    path: string,
    { body, repeatable = true }: { readonly body?: unknown; readonly repeatable?: boolean } = {},
  ): Promise<Reply> {
    try {
      return await this.#call((signal) => this.#fetch({ method, path, body }, signal), {
        repeatable,
      });
    } catch (cause) {
      if (
        isTransient(cause) || cause instanceof CircuitOpenError || cause instanceof CallTimeoutError
      ) {
        throw new ProcessorError("unanswered", `Cannot ${method} ${path}: no answer`, cause);
      }
      throw cause;
    }
  }

  async #fetch(
    { method, path, body }: {
      readonly method: string;
      readonly path: string;
      readonly body: unknown;
    },
    signal: AbortSignal,
  ): Promise<Reply> {
    const { baseUrl, apiKey, fetch } = this.#options;
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey.reveal()}`,
        ...body !== undefined && { "content-type": "application/json" },
      },
      ...body !== undefined && { body: JSON.stringify(body) },
      signal,
    });
    if (!response.ok && response.status !== 402 && !refusals.has(response.status)) {
      await response.body?.cancel();
      throw new ProcessorTrouble(`The processor answered ${response.status}`);
    }
    return { status: response.status, body: await readJson(response) };
  }
}

/** @throws {ProcessorTrouble} for what is no JSON, as a proxy in front of the processor sends. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ProcessorTrouble("The processor answered no JSON", { cause });
  }
}

/** What fetch throws for a broken connection is a TypeError. */
function isTransient(thrown: unknown): boolean {
  return thrown instanceof ProcessorTrouble || thrown instanceof TypeError;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function path(reference: string): string {
  return `/v1/charges/${encodeURIComponent(reference)}`;
}

function toCharge(reply: Reply): Charge {
  if (reply.status !== 200 && reply.status !== 402) throw refusal(reply);
  const charge = ChargeReply.safeParse(reply.body);
  if (charge.success) return charge.data;
  const message = "Cannot read charge: the processor answered none";
  throw new ProcessorError("unanswered", message, charge.error);
}

function refusal({ status }: Reply): ProcessorError {
  return new ProcessorError("refused", `The processor answered ${status}`);
}
