import { TestKeyRing } from "platform/crypto/testing";
import { anyone, type Authenticate, type Role } from "platform/access";
import { Secret } from "platform/config";
import { Problem, problemTypes } from "platform/problem";
import { silentLogger } from "platform/telemetry";
import { openEmbeddedStores, type Stores } from "../adapters/mod.ts";
import { ciphersOf } from "../ciphers.ts";
import { createApp } from "../app.ts";
import {
  asItIs,
  captured,
  type Course,
  held,
  isIdle,
  type PaymentId,
  refunded,
  RefundId,
  type Transition,
  voided,
} from "../domain/mod.ts";
import type { OrderLookup, OrderView } from "../ports.ts";

export const noon = new Date("2026-01-02T12:00:00.000Z");
export const uuid: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const webhookSecret = "whsec_test";

/** Who asks, as a test writes it: `paula payment`. Nobody, when empty. */
export type Caller = `${string} ${Role}` | "";

export interface Ask {
  readonly as?: Caller;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- a test looks for whatever its promise is about.
  readonly body: any;
}

export interface PaymentApi extends Stores {
  /** Orders that the service can look up, by id. */
  readonly orders: Map<string, OrderView>;
  /** Whether the processor answers while somebody waits. */
  readonly settling: { answers: boolean };
  /** Ids that were woken. */
  readonly woken: readonly PaymentId[];
  readonly course: (id: string) => Promise<Course>;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** A pending order of Ada's over 900 EUR. */
  anOrder(traits?: Partial<OrderView>): OrderView;
}

/** The payment API over embedded stores; who calls, orders and the processor are the test's. */
export function openPaymentApi(): PaymentApi {
  const stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  const orders = new Map<string, OrderView>();
  const settling = { answers: true };
  const woken: PaymentId[] = [];
  const course = async (id: string) =>
    (await stores.payments.transition(id as PaymentId, { owner: "ada" }, asItIs))!;
  const app = createApp({
    ...stores,
    reads: stores.payments,
    orders: { find: (id) => Promise.resolve(orders.get(id)) } satisfies OrderLookup,
    settler: {
      settle: (id) => settling.answers ? settle(stores, id) : Promise.resolve(),
      wake: (id) => void woken.push(id),
    },
    webhookSecret: new Secret(webhookSecret),
    authenticate: believe,
    log: silentLogger,
    now: () => noon,
    newId: () => crypto.randomUUID(),
    reach: () => {},
  });
  return {
    ...stores,
    orders,
    settling,
    woken,
    course,
    async ask(method, path, ask = {}): Promise<Answer> {
      const response = await app.fetch(toRequest(method, path, ask));
      const text = await response.text();
      const body = text === "" ? undefined : JSON.parse(text);
      return { status: response.status, headers: response.headers, body };
    },
    anOrder(traits = {}): OrderView {
      const id = crypto.randomUUID();
      const totals = {
        customerId: "ada",
        status: "pending",
        totalMinor: 900,
        currency: "EUR",
      } as const;
      const order = { id, ...totals, ...traits };
      orders.set(order.id, order);
      return order;
    },
  };
}

/** Each call is keyed by itself, unless its headers say otherwise. */
function toRequest(
  method: string,
  path: string,
  { as = "paula payment", body, headers }: Ask,
): Request {
  return new Request(`http://payment${path}`, {
    method,
    headers: {
      ...as && { authorization: `Bearer ${as}` },
      ...method === "POST" && { "idempotency-key": crypto.randomUUID() },
      ...body !== undefined && { "content-type": "application/json" },
      ...headers,
    },
    ...body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) },
  });
}

const believe: Authenticate = (request) => {
  const [, subject = "", role] = request.headers.get("authorization")?.split(" ") ?? [];
  if (!role) return Promise.reject(new Problem(problemTypes.unauthenticated));
  return Promise.resolve({ ...anyone, subject, roles: new Set([role as Role]) });
};

/** A processor that says yes to everything. */
async function settle({ payments }: Stores, id: PaymentId): Promise<void> {
  const owner = "ada";
  for (let isDone = false; !isDone;) {
    const course = await payments.transition(id, { owner }, nextStep);
    isDone = !course || isIdle(course);
  }
}

function nextStep(course: Course): Transition {
  switch (course.work.intent) {
    case "authorize":
      return held(course, noon);
    case "capture":
      return captured(course, RefundId.parse(crypto.randomUUID()), noon);
    case "cancel":
      return voided(course, noon);
    case "none": {
      const refund = course.refunds.find(({ status }) => status === "pending");
      return refund ? refunded(course, refund.id, noon) : asItIs(course);
    }
  }
}

/** A test of the API of its own. */
export function testApi(promise: string, check: (api: PaymentApi) => Promise<void>): void {
  Deno.test(promise, async () => {
    await using api = openPaymentApi();
    await check(api);
  });
}

/** What asks for the payment of an order over 900 EUR. */
export function payingFor(
  orderId: string,
  traits: Readonly<Record<string, unknown>> = {},
): unknown {
  return { orderId, amountMinor: 900, currency: "EUR", paymentMethod: "pm_card_visa", ...traits };
}

/** Pays an order of its own. */
export function pay(
  api: PaymentApi,
  traits: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return api.ask("POST", "/payments", { body: payingFor(api.anOrder().id, traits) });
}

/** Status and type of a problem at a glance. */
export function problem({ status, body }: Answer): string {
  return `${status} ${body.type.replace("urn:sallyport:problem:", "")}`;
}
