/**
 * One entry of a route's `paths`, in Kong's two forms: a prefix of the request's path, or, after `~`,
 * a regular expression that must match from its start.
 */
export interface RoutePath {
  /** As configured. */
  readonly source: string;
  readonly isRegex: boolean;
  /** The pattern by which Hono finds the route. Matches all that this path does. */
  readonly honoPattern: string;
  /** Whether the pattern matches nothing else: then nothing is left to check. */
  readonly isExact: boolean;
  /** The part of `path` that the route is known by, which `strip_path` takes away; undefined when none is. */
  match(path: string): string | undefined;
  /** What the named groups of the expression hold in a path that matches. */
  captures(path: string): Readonly<Record<string, string | undefined>>;
}

/** Literal segments and `[^/]+`, to the end: what Hono can say in its own words. */
const templateForm = /^(?:\/(?:[\w-]+|\[\^\/\]\+))+\$$/;
/** Whole literal segments. */
const literalStart = /^(?:\/[\w-]+(?=\/(?![?*{])))*/;

/** For a route that says nothing of paths. */
export const anyPath: RoutePath = {
  source: "",
  isRegex: false,
  honoPattern: "/*",
  isExact: false,
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
    honoPattern: `${literalStartOf(prefix)}/*`,
    isExact: false,
    match: (path) => path.startsWith(prefix) ? prefix : undefined,
    captures: () => ({}),
  };
}

function regexPath(source: string, expression: string): RoutePath {
  const pattern = new RegExp(`^(?:${expression})`);
  const isExact = templateForm.test(expression);
  return {
    source,
    isRegex: true,
    honoPattern: isExact ? templateOf(expression) : `${literalStartOf(expression)}/*`,
    isExact,
    match: (path) => pattern.exec(path)?.[0],
    captures: (path) => pattern.exec(path)?.groups ?? {},
  };
}

/** The whole segments that everything the expression matches begins with. */
function literalStartOf(expression: string): string {
  return expression.includes("|") ? "" : literalStart.exec(expression)![0];
}

/** `/orders/[^/]+/cancel$` is `/orders/:p1/cancel`: named by place, so that routes share what they can. */
function templateOf(expression: string): string {
  let place = 0;
  return expression.slice(0, -1).replaceAll("[^/]+", () => `:p${place++}`);
}
