import { z } from "zod";
import { pageOf, PageQuery, type Route } from "platform/http";
import { AmountMinor, Balance, NewPayment, Payment, PaymentId, Refund } from "./domain/mod.ts";
import { badSignature, paymentProblems } from "./problems.ts";

const params = z.strictObject({ paymentId: PaymentId });

/** Every operation of the payment API. OpenAPI is printed from this table. */
export const routes = {
  createPayment: {
    method: "post",
    path: "/payments",
    alias: "/",
    summary: "Pay an order",
    body: NewPayment,
    idempotent: true,
    status: 201,
    reply: Payment,
    problems: [
      paymentProblems.unknown_order,
      paymentProblems.order_mismatch,
      paymentProblems.order_not_payable,
      paymentProblems.order_has_payment,
    ],
  },
  listPayments: {
    method: "get",
    path: "/payments",
    summary: "List payments, newest first",
    query: PageQuery.extend({ orderId: z.uuid().optional() }),
    status: 200,
    reply: pageOf(Payment),
  },
  readPayment: {
    method: "get",
    path: "/payments/:paymentId",
    summary: "Read a payment",
    params,
    status: 200,
    reply: Payment,
  },
  capturePayment: {
    method: "post",
    path: "/payments/:paymentId/capture",
    summary: "Take the money that a payment holds",
    params,
    idempotent: true,
    status: 200,
    reply: Payment,
    problems: [paymentProblems.not_capturable],
  },
  cancelPayment: {
    method: "post",
    path: "/payments/:paymentId/cancel",
    summary: "Let go of the money that a payment holds",
    params,
    status: 200,
    reply: Payment,
    problems: [paymentProblems.not_cancelable],
  },
  refundPayment: {
    method: "post",
    path: "/payments/:paymentId/refunds",
    summary: "Pay back money that a payment has taken",
    params,
    body: z.strictObject({ amountMinor: AmountMinor }),
    idempotent: true,
    status: 201,
    reply: Refund,
    problems: [paymentProblems.not_refundable, paymentProblems.refund_too_large],
  },
  takeWebhook: {
    method: "post",
    path: "/webhooks/psp",
    summary: "Be told by the payment processor that a charge has changed",
    // What is in it is looked at only when the signature fits.
    body: z.looseObject({}),
    status: 202,
    reply: z.object({ received: z.literal(true) }),
    problems: [badSignature],
  },
  readLedgerBalance: {
    method: "get",
    path: "/ledger/balance",
    summary: "Read the ledger's debits less its credits, always 0, by currency",
    status: 200,
    reply: z.object({ items: z.array(Balance) }),
  },
} as const satisfies Record<string, Route>;
