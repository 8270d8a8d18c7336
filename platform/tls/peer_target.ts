/** Where a request goes, and what for. */
export interface PeerTarget {
  /** A name or an address: of an IPv6 one the brackets belong to URLs, not to it. */
  readonly host: string;
  readonly port: number;
  /** As `Host` tells it: without the port that is https's own. */
  readonly authority: string;
  /** Path and query, in normal form. */
  readonly path: string;
}

type Origin = Omit<PeerTarget, "path">;

/** How many origins are known by heart. */
export const originsMax = 1_000;
const origins = new Map<string, Origin>();

/** Characters that `URL` leaves as they are, in a path and in a query. */
const plainTarget = /^\/[\w~!$&()*+,;=:@%?/.-]*$/;
/** What may be a dot segment, which it takes away. */
const dots = /\/\.|%2e/i;
const scheme = "https://";

/** As `URL` reads it, at a tenth of the price where there is nothing to be put in order. @throws {TypeError} for what is no https: URL. */
export function peerTarget(text: string): PeerTarget {
  const slash = text.indexOf("/", scheme.length);
  const origin = slash < 0 ? undefined : origins.get(text.slice(0, slash));
  const path = text.slice(slash);
  if (origin && plainTarget.test(path) && !dots.test(path)) return { ...origin, path };
  return readTarget(new URL(text));
}

function readTarget(url: URL): PeerTarget {
  if (url.protocol !== "https:") {
    throw new TypeError(`Cannot fetch: "${url.protocol}" is not https:`);
  }
  const { hostname, port, host: authority, pathname, search } = url;
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const origin = { host, port: port === "" ? 443 : Number(port), authority };
  if (origins.size === originsMax) origins.clear();
  // Only by the name in normal form: another could be one with a user in it.
  origins.set(`${scheme}${authority}`, origin);
  return { ...origin, path: `${pathname}${search}` };
}
