import type { Callers } from "platform/tls";

/** Who may ask payment for what. Nobody else of the same CA is answered. */
export const callers: Callers = new Map<string, "any" | readonly string[]>([
  ["spiffe://sallyport/gateway", "any"],
  ["spiffe://sallyport/orders", "any"],
  ["spiffe://sallyport/consul", ["/readyz"]],
]);

/** Who says how long an answer is waited for. Nobody else is believed in that. */
export const timekeeper = "spiffe://sallyport/gateway";
