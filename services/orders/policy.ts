import type { AccessTable } from "platform/access";
import type { routes } from "./routes.ts";

/** Who may do what with products and orders. A missing cell denies; a missing row does not compile. */
// deno-fmt-ignore: the columns are the point.
export const policy = {
  listProducts:    { anyone: "any" },
  readProduct:     { anyone: "any" },
  addProduct:      {                  orders: "any",                 admin: "any" },
  changeProduct:   {                  orders: "any",                 admin: "any" },
  placeOrder:      { customer: "own"                                              },
  listOrders:      { customer: "own", orders: "any", auditor: "any", admin: "any" },
  readOrder:       { customer: "own", orders: "any", auditor: "any", admin: "any" },
  readOrderEvents: { customer: "own", orders: "any", auditor: "any", admin: "any" },
  cancelOrder:     { customer: "own", orders: "any",                 admin: "any" },
  fulfilOrder:     {                  orders: "any",                 admin: "any" },
} satisfies AccessTable<keyof typeof routes>;
