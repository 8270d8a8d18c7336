import { Problem, problemTypes } from "platform/problem";
import type { Exchange, OutgoingRequest } from "./exchange.ts";
import type { ForwardedBody } from "./request_body.ts";

/**
 * A body as plugins make it: they need it whole. A request that has become a GET has none.
 *
 * @throws {Problem} `content-too-large` when it is too large to be whole, and what an edit throws.
 */
export function editedBody(
  body: ForwardedBody,
  { bodyEdits }: Exchange,
  outgoing: Readonly<OutgoingRequest>,
): ForwardedBody {
  if (body.kind === "stream" && (outgoing.method === "GET" || bodyEdits.length > 0)) {
    // Nobody can be asked to wait for the rest; a client that still sends is cut off.
    body.stream.cancel().catch(() => {});
    throw new Problem(problemTypes.contentTooLarge);
  }
  if (outgoing.method === "GET") return { kind: "none" };
  if (bodyEdits.length === 0 || body.kind === "stream") return body;
  let bytes = body.kind === "whole" ? body.bytes : new Uint8Array();
  for (const edit of bodyEdits) bytes = edit(bytes);
  return bytes.byteLength === 0 ? { kind: "none" } : { kind: "whole", bytes };
}
