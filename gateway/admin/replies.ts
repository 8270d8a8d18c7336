import { Violation } from "../entities/mod.ts";

/** The version of Kong whose Admin API this one answers like. */
export const kongVersion = "3.9.1";

/** A body that cannot be read as fields. */
export class MalformedBody extends Error {
  override readonly name = "MalformedBody";

  constructor(message: string, readonly status: 400 | 413 | 415 = 400) {
    super(message);
  }
}

export function reply(status: number, body?: unknown): Response {
  const headers = new Headers({
    "server": `kong/${kongVersion}`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  if (body === undefined) return new Response(null, { status, headers });
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(JSON.stringify(body), { status, headers });
}

export function notFound(): Response {
  return reply(404, { message: "Not found" });
}

/** Kong's reply to what a handler has thrown; undefined when that is nothing a client should hear of. */
export function refusal(thrown: unknown): Response | undefined {
  if (thrown instanceof MalformedBody) return reply(thrown.status, { message: thrown.message });
  if (!(thrown instanceof Violation)) return undefined;
  const { code, kind: name, message, fields } = thrown;
  return reply(code === 5 ? 409 : 400, { code, name, message, fields });
}
