/** The directives of `Cache-Control`, in lower case; what has no value is empty (RFC 9111, section 5.2). */
export type CacheDirectives = ReadonlyMap<string, string>;

const directive = /([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g;

export function cacheDirectives(text: string | null): CacheDirectives {
  const matches = (text ?? "").matchAll(directive);
  return new Map(matches.map(([, name, quoted, plain]) => [
    name!.toLowerCase(),
    quoted ?? plain ?? "",
  ]));
}

/** Those of a request; an old client says `Pragma: no-cache`. */
export function requestDirectives(headers: Headers): CacheDirectives {
  const said = headers.get("cache-control");
  if (said === null && /\bno-cache\b/i.test(headers.get("pragma") ?? "")) {
    return new Map([["no-cache", ""]]);
  }
  return cacheDirectives(said);
}

/** Whole seconds that a directive says; 0 when it says something else; undefined when it is not there. */
export function secondsOf(directives: CacheDirectives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return /^\d{1,10}$/.test(value) ? Number(value) : 0;
}

/** How long a shared cache may take an answer for fresh, by the answer's own word; 0 when it says nothing. */
export function freshSeconds(headers: Headers, nowMs: number): number {
  const directives = cacheDirectives(headers.get("cache-control"));
  const said = secondsOf(directives, "s-maxage") ?? secondsOf(directives, "max-age");
  if (said !== undefined) return said;
  const expires = headers.get("expires");
  if (expires === null) return 0;
  const date = Date.parse(headers.get("date") ?? "");
  const seconds = (Date.parse(expires) - (Number.isNaN(date) ? nowMs : date)) / 1000;
  return Number.isNaN(seconds) ? 0 : Math.max(0, Math.floor(seconds));
}

/** How old an answer was when it came. */
export function ageSeconds(headers: Headers): number {
  const said = headers.get("age") ?? "";
  return /^\d{1,10}$/.test(said) ? Number(said) : 0;
}
