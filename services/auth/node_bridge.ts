import type { IncomingMessage, ServerResponse } from "node:http";
import type { ClientCertificate } from "./client_certificate.ts";
import { toFetchResponse, toReqRes } from "fetch-to-node";
import { readBytes } from "platform/http";

/** More than any OAuth request needs, pushed authorization requests included. */
const bodyLimits = { bytesMax: 16_384, timeoutMs: 10_000 };

export interface NodeExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * A fetch request as the pair that a Node.js handler mounted at `issuer` expects.
 *
 * Whatever host the request came in by, the handler sees the issuer's: its URLs must be the same for
 * browsers at the edge and for programs behind it.
 *
 * @throws {Problem} `content-too-large` or `request-timeout`
 */
export async function toNodeExchange(request: Request, issuer: string): Promise<NodeExchange> {
  const { origin, pathname: mountPath, host } = new URL(issuer);
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.set("host", host);
  const body = request.body ? await readBytes(request, bodyLimits) : undefined;
  headers.delete("transfer-encoding");
  // HTTP/2 needs no length, but oidc-provider reads no body without one.
  if (body) headers.set("content-length", String(body.byteLength));

  const method = request.method === "HEAD" ? "GET" : request.method;
  const { req, res } = toReqRes(
    new Request(`${origin}${pathname}${search}`, {
      method,
      headers,
      body: body ? new Uint8Array(body) : null,
    }),
  );
  // The scheme and the cookies' `secure` hang on the socket, and it has none.
  Object.defineProperty(req, "socket", { value: { encrypted: true } });
  const whole = `${pathname}${search}`;
  return {
    req: Object.assign(req, { originalUrl: whole, url: whole.slice(mountPath.length) || "/" }),
    res,
  };
}

/** What is known of a request besides what it says. */
export interface RequestTraits {
  /** Network that it comes from. */
  readonly clientAddress?: string | undefined;
  /** By which the client has shown itself. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** A Node.js handler mounted at `issuer`, as a fetch handler. */
export function asFetch(
  handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
  issuer: string,
): (request: Request, traits?: RequestTraits) => Promise<Response> {
  return async (request, traits = {}) => {
    const { req, res } = await toNodeExchange(request, issuer);
    Object.assign(req, traits);
    const response = toFetchResponse(res);
    await handle(req, res);
    return await response;
  };
}
