import type { AccessTable } from "platform/access";
import type { routes } from "./routes.ts";

/** Who may do what with payments. A missing cell denies; a missing row does not compile. */
// deno-fmt-ignore: the columns are the point.
export const policy = {
  createPayment:     {                  payment: "any"                                },
  listPayments:      { customer: "own", payment: "any", auditor: "any", admin: "any" },
  readPayment:       { customer: "own", payment: "any", auditor: "any", admin: "any" },
  capturePayment:    {                  payment: "any",                 admin: "any" },
  cancelPayment:     {                  payment: "any",                 admin: "any" },
  refundPayment:     {                  payment: "any",                 admin: "any" },
  // By the processor's signature, which the handler checks.
  takeWebhook:       { anyone: "any" },
  readLedgerBalance: {                                  auditor: "any", admin: "any" },
} satisfies AccessTable<keyof typeof routes>;
