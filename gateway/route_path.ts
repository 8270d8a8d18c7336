/**
 * One entry of a route's `paths`, in Kong's two forms: a prefix of the request's path, or, after `~`,
 * a regular expression that must match from its start.
 */
export interface RoutePath {
  /** As configured. */
  readonly source: string;
  readonly isRegex: boolean;
  /** What every path that fits begins with, as far as that can be told. */
  readonly literal: string;
  /** The part of `path` that the route is known by, which `strip_path` takes away; undefined when none is. */
  match(path: string): string | undefined;
  /** What the named groups of the expression hold in a path that matches. */
  captures(path: string): Readonly<Record<string, string | undefined>>;
}

/** Whole literal segments. */
const literalStart = /^(?:\/[\w-]+(?=\/(?![?*{])))*/;

/** For a route that says nothing of paths. */
export const anyPath: RoutePath = {
  source: "",
  isRegex: false,
  literal: "",
  match: () => "",
  captures: () => ({}),
};

/** @throws {SyntaxError} when it is a regular expression that does not compile. */
export function routePath(source: string): RoutePath {
  return source.startsWith("~") ? regexPath(source, source.slice(1)) : prefixPath(source);
}

function prefixPath(prefix: string): RoutePath {
  return {
    source: prefix,
    isRegex: false,
    literal: prefix,
    match: (path) => path.startsWith(prefix) ? prefix : undefined,
    captures: () => ({}),
  };
}

function regexPath(source: string, expression: string): RoutePath {
  const pattern = new RegExp(`^(?:${expression})`);
  return {
    source,
    isRegex: true,
    literal: literalStartOf(expression),
    match: (path) => pattern.exec(path)?.[0],
    captures: (path) => pattern.exec(path)?.groups ?? {},
  };
}

/** The whole segments that everything the expression matches begins with. */
function literalStartOf(expression: string): string {
  return expression.includes("|") ? "" : literalStart.exec(expression)![0];
}
