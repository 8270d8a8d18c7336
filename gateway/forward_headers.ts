import { forwardedPathHeader } from "platform/access";
import { fieldLinesOf, headerList } from "platform/http1";
import { Problem } from "platform/problem";
import type { Exchange } from "./exchange.ts";
import { headLimits } from "./head_limits.ts";
import { gatewayProblems } from "./problems.ts";

/** Of one connection only, never of the next (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/**
 * By these, proxies tell services who is calling, from where and how. From a client they are claims,
 * and no service is to see one. `traceparent` is the gateway's to write: its own span stands between.
 */
const claims = new Set([
  "forwarded",
  "client-cert",
  "client-cert-chain",
  "cf-connecting-ip",
  "fastly-client-ip",
  "front-end-https",
  "true-client-ip",
  "remote-user",
  "x-accel-redirect",
  "x-anonymous-consumer",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-host",
  "x-http-host-override",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-id-token",
  "x-real-ip",
  "x-request-id",
  "x-request-timeout-ms",
  "x-scheme",
  "x-userinfo",
  "traceparent",
  "tracestate",
]);
const claimPrefix =
  /^(?:x-(?:user|consumer|forwarded|client-cert|client-verify|credential|authenticated|auth-request|remote|original|rewrite|ssl|tls|spiffe|jwt|envoy|kong|amzn|sallyport|internal)(?:-|$)|ssl-client-)/;

/** What only the inside needs to know of a service. */
const inner = new Set(["server", "x-powered-by", "x-runtime", "x-aspnet-version", "server-timing"]);
const innerPrefix = /^x-(?:internal|sallyport|envoy|kong|debug|served)-/;

const via = "1.1 sallyport";
const viaUs = /^\S+ sallyport(?:\s|$)/;
/** How often a request may have passed a Sallyport already: one may stand before another, but not before itself. */
export const passesMax = 3;

/** Tells a service how long somebody still waits for the head of its answer, in whole milliseconds. */
export const timeLeftHeader = "x-request-timeout-ms";

export interface ForwardOptions {
  readonly preserveHost: boolean;
  /** What the service is called where the client's `Host` is not passed on; undefined: its own address. */
  readonly hostHeader?: string | undefined;
  readonly edge: URL;
}

/**
 * The headers that the service gets: the client's, without those of its connection and those that
 * would make a claim, and the gateway's own word on who asks for what.
 *
 * @throws {Problem} `headers-too-large`
 * @throws {Problem} `loop-detected` when the request has passed here more often than can be meant.
 */
export function requestHeaders(
  {
    request: { headers },
    clientIp,
    host,
    requestId,
    edge: ownEdge,
    target,
    clientCertificate,
  }: Exchange,
  { preserveHost, hostHeader, edge }: ForwardOptions,
): [string, string][] {
  const dropped = namedByConnection(headers);
  refuseLoop(headers);
  const forwarded: [string, string][] = [];
  let earlierVia = "";
  let bytes = 0;
  let hasProof = false;
  const fields = fieldLinesOf(headers);
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at]!, fields[at + 1]!];
    if (name === "dpop") hasProof = true;
    bytes += name.length + value.length;
    if (name === "via") earlierVia += `${value}, `;
    else if (!isClientsOwn(name) && !dropped?.has(name)) forwarded.push([name, value]);
  }
  if (fields.length > 2 * headLimits.headersMax || bytes > headLimits.headerBytesMax) {
    throw new Problem(gatewayProblems.headersTooLarge);
  }
  if (preserveHost) forwarded.push(["host", host]);
  else if (hostHeader) forwarded.push(["host", hostHeader]);
  if (requestId) forwarded.push(["x-request-id", requestId]);
  // An answer that is packed could not be passed on as it is by every client we have.
  forwarded.push(
    ["accept-encoding", "identity"],
    ["via", earlierVia + via],
    ["x-forwarded-for", clientIp],
    ["x-forwarded-host", host],
    ["x-forwarded-port", (ownEdge ?? edge).port || "443"],
    ["x-forwarded-proto", "https"],
    ["forwarded", `for=${nodeOf(clientIp)};host="${host}";proto=https`],
  );
  // What a proof of possession is for, and by which certificate the client has shown itself.
  if (hasProof) forwarded.push([forwardedPathHeader, target.path]);
  if (clientCertificate) forwarded.push(["client-cert", byteSequence(clientCertificate.der)]);
  return forwarded;
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc8941#section-3.3.5 | RFC 8941, byte sequences} */
function byteSequence(bytes: Uint8Array): string {
  return `:${bytes.toBase64()}:`;
}

/** The headers that the client gets of a service's answer. */
export function responseHeaders(headers: Headers): Headers {
  const dropped = namedByConnection(headers);
  const fields = fieldLinesOf(headers);
  const passed: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    // The request's id is the gateway's to tell.
    if (isInner(name) || name === "x-request-id" || dropped?.has(name)) continue;
    passed.push(name, fields[at + 1]!);
  }
  passed.push("via", via);
  return headerList(passed);
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3 | RFC 9110, Via} */
function refuseLoop(headers: Headers): void {
  const earlier = headers.get("via");
  if (earlier === null) return;
  const passes = earlier.split(",").filter((hop) => viaUs.test(hop.trim())).length;
  if (passes >= passesMax) throw new Problem(gatewayProblems.loopDetected);
}

/** Whether only the gateway and the connection may say this to a service: no configuration, no client. `name` in lower case. */
export function isReservedToServices(name: string): boolean {
  return name === "via" || isClientsOwn(name);
}

const framing = new Set(["content-length", "content-encoding", "content-range", "date", "via"]);

/** The same of what clients are told. */
export function isReservedToClients(name: string): boolean {
  return hopByHop.has(name) || framing.has(name) || name === "x-request-id";
}

function isInner(name: string): boolean {
  return hopByHop.has(name) || inner.has(name) || (name.startsWith("x-") && innerPrefix.test(name));
}

/** Whether a header ends here. An underscore is a hyphen in disguise to some servers. */
function isClientsOwn(name: string): boolean {
  return hopByHop.has(name) || claims.has(name) || makesClaim(name) || name.includes("_") ||
    name === "host" || name === "expect" || name === "accept-encoding" ||
    // The body's length is said anew, by who sends it.
    name === "content-length";
}

function makesClaim(name: string): boolean {
  return (name.startsWith("x-") || name.startsWith("ssl-")) && claimPrefix.test(name);
}

function namedByConnection(headers: Headers): ReadonlySet<string> | undefined {
  const connection = headers.get("connection");
  if (connection === null) return undefined;
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}

/** A client's address as RFC 7239 writes it. */
function nodeOf(address: string): string {
  if (address === "") return "unknown";
  return address.includes(":") ? `"[${address}]"` : address;
}
