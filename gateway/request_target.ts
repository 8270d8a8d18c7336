import { Problem } from "platform/problem";
import { headLimits } from "./head_limits.ts";
import { gatewayProblems } from "./problems.ts";

/** What a request asks for, in the one form that routes are matched with and services are sent. */
export interface RequestTarget {
  /** Starts with a slash. Percent-encoding only where it is needed, in upper case. */
  readonly path: string;
  /** The query as sent, with its question mark; empty without one. */
  readonly search: string;
}

/** Segments of plain characters, none of them dots only: most paths, and nothing to think about. */
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+)+\/?$|^\/$/;
const emptySegment = /\/\//;
const dotSegment = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)/;
/** What a service that decodes once more, or reads a backslash as a slash, would take for structure. */
// deno-lint-ignore no-control-regex -- control characters are what it looks for.
const hiddenStructure = /[\\\x00-\x1f\x7f]|%(?:2f|5c|2e|00|25)/i;
/** All that RFC 3986 lets stand in a path. */
const uriCharacters = /^[\w.~!$&'()*+,;=:@%/-]+$/;
const unreserved = /^[A-Za-z0-9._~-]$/;
const hostForm =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

interface UrlParts {
  readonly authority: string;
  readonly path: string;
  readonly search: string;
}

const schemeForm = /^https?:\/\//;

/** Scheme and authority, then path and query: as sent. Of what has no scheme, nothing. */
function partsOf(url: string): UrlParts {
  if (!schemeForm.test(url)) return { authority: "", path: "/", search: "" };
  const from = url.indexOf("://") + 3;
  const hash = url.indexOf("#", from);
  const end = hash < 0 ? url.length : hash;
  const question = url.indexOf("?", from);
  const pathEnd = question < 0 || question > end ? end : question;
  const slash = url.indexOf("/", from);
  const pathStart = slash < 0 || slash > pathEnd ? pathEnd : slash;
  return {
    authority: url.slice(from, pathStart),
    path: url.slice(pathStart, pathEnd) || "/",
    search: url.slice(pathEnd, end),
  };
}

/**
 * The host that the client asked for: its one `Host` header, or the `:authority` of HTTP/2.
 *
 * @param edge what clients call us. A request of HTTP/1.1 without a Host is given the address of the
 *   inner listener by `Deno.serve`, so an authority that stands alone must have the edge's port.
 * @throws {Problem} `odd-host` when there is none, it is no host, or the request line names another.
 */
export function hostOf({ url, headers }: Request, edge: URL): string {
  const { authority } = partsOf(url);
  const header = headers.get("host");
  const host = header ?? authority;
  const agrees = header === null ? portOf(host) === edge.port : isSameHost(authority, host);
  if (!hostForm.test(host) || !agrees) throw new Problem(gatewayProblems.oddHost);
  return host;
}

/**
 * The target of a request in normal form. A path that programs read in different ways is not repaired
 * but refused: dot segments, empty segments, encoded slashes, backslashes and dots, control characters,
 * octets that are not UTF-8.
 *
 * @throws {Problem} `ambiguous-path`, `target-too-long`
 */
export function targetOf(url: string): RequestTarget {
  const { path, search } = partsOf(url);
  if (path.length + search.length > headLimits.targetBytesMax) {
    throw new Problem(gatewayProblems.targetTooLong);
  }
  return { path: plainPath.test(path) ? path : normalPath(path), search };
}

/**
 * What is left of a path in normal form once `taken`, a part of it from its start, is taken off. It starts with
 * a slash, whether or not one was left.
 *
 * @throws {Problem} `ambiguous-path` when a dot segment is left, as of `/shop../admin` without `/shop`
 */
export function restOf(path: string, taken: string): string {
  const left = path.slice(taken.length);
  const rest = left.startsWith("/") ? left : `/${left}`;
  if (dotSegment.test(rest)) throw new Problem(gatewayProblems.ambiguousPath);
  return rest;
}

function normalPath(path: string): string {
  const decoded = decode(path);
  const hides = decoded.split("/").length !== path.split("/").length ||
    !uriCharacters.test(path) || hiddenStructure.test(decoded) ||
    emptySegment.test(decoded) || dotSegment.test(decoded);
  if (hides) throw new Problem(gatewayProblems.ambiguousPath);
  return path.replace(/%[0-9A-Fa-f]{2}/g, (octet) => {
    const character = String.fromCharCode(parseInt(octet.slice(1), 16));
    return unreserved.test(character) ? character : octet.toUpperCase();
  });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new Problem(gatewayProblems.ambiguousPath, { cause });
  }
}

/** Empty for the default port, as in `URL`. */
function portOf(host: string): string {
  return /:(\d+)$/.exec(host.replace(/:(?:443|80)$/, ""))?.[1] ?? "";
}

function isSameHost(one: string, other: string): boolean {
  return one === other || one.toLowerCase().replace(/:(?:443|80)$/, "") ===
      other.toLowerCase().replace(/:(?:443|80)$/, "");
}
