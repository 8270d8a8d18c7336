import type { OutgoingRequest } from "./exchange.ts";

const name = "max-forwards";

/**
 * Whether an OPTIONS request wants its answer from here: no hop is left to it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-7.6.2 | RFC 9110, Max-Forwards}
 */
export function endsHere({ method, headers }: Request): boolean {
  return method === "OPTIONS" && hopsOf(headers.get(name)) === 0;
}

/** What OPTIONS wants to know. */
export function allowed(methods: ReadonlySet<string>): Response {
  return new Response(null, { status: 204, headers: { allow: [...methods].join(", ") } });
}

/** Takes the hop to the service off. Means nothing but to OPTIONS, and to TRACE, which is refused. */
export function takeHop({ method, headers }: OutgoingRequest): void {
  if (method !== "OPTIONS") return;
  const at = headers.findIndex(([header]) => header === name);
  const hops = at < 0 ? undefined : hopsOf(headers[at]![1]);
  if (hops) headers[at] = [name, String(hops - 1)];
}

/** Undefined for what is no number: it is passed on as it came. */
function hopsOf(value: string | null): number | undefined {
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
