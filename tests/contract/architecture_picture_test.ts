import { deepEqual } from "node:assert/strict";
import type { Callers } from "platform/tls";
import { callers as authCallers } from "../../services/auth/callers.ts";
import { callers as ordersCallers } from "../../services/orders/callers.ts";
import { callers as paymentCallers } from "../../services/payment/callers.ts";

const services: Readonly<Record<string, Callers>> = {
  auth: authCallers,
  orders: ordersCallers,
  payment: paymentCallers,
};

/** A line of a mermaid flowchart such as `a -->|mTLS| b`, or `a -.->|"mTLS /path"| b` for a caller of that path only. */
const arrow = /^ *(\w+) (?:-->|-\.->)\|"?mTLS ?([^|"]*)"?\| (\w+)$/gm;

Deno.test("docs/architecture.md draws every caller that a service answers, and no other", async () => {
  deepEqual(await drawnIn("docs/architecture.md"), allowed());
});

Deno.test("README.md draws every caller that may ask a service for anything, and no other", async () => {
  deepEqual(await drawnIn("README.md"), allowed().filter((call) => !call.includes("/")));
});

/** The arrows over mutual TLS in a document, as `from > to`, and the paths when not all are meant. */
async function drawnIn(document: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../../${document}`, import.meta.url));
  const calls = text.matchAll(arrow).map(([, from, paths, to]) =>
    `${from} > ${to} ${paths}`.trim()
  );
  return [...calls].toSorted();
}

function allowed(): string[] {
  return Object.entries(services).flatMap(([to, callers]) =>
    [...callers].map(([spiffeId, paths]) => {
      const from = spiffeId.replace("spiffe://sallyport/", "");
      return `${from} > ${to} ${paths === "any" ? "" : paths.join(" ")}`.trim();
    })
  ).toSorted();
}
