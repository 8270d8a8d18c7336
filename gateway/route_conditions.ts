import type { Route } from "./entities/mod.ts";
import type { RequestTarget } from "./request_target.ts";

/** What of a request routes are chosen by, beside its method. */
export interface RequestFacts {
  readonly target: RequestTarget;
  /** With the port, if the client gave one. */
  readonly host: string;
  /** What the client asked for in its TLS handshake; empty when it did not, or nobody told. */
  readonly serverName: string;
  readonly request: { readonly headers: Headers };
}

/** What a route demands of a request beyond path and method. */
export interface RouteConditions {
  readonly headerCount: number;
  hold(facts: RequestFacts): boolean;
}

type Condition = (facts: RequestFacts) => boolean;

export function routeConditions({ hosts, headers, snis }: Route): RouteConditions {
  const fields = Object.entries(headers ?? {});
  const conditions: Condition[] = [
    ...hosts ? [hostCondition(hosts)] : [],
    ...snis ? [serverNameCondition(snis)] : [],
    ...fields.map(([name, values]) => headerCondition(name, values)),
  ];
  return {
    headerCount: fields.length,
    hold: (facts) => conditions.every((holds) => holds(facts)),
  };
}

/** Names are compared without case. Without a port, a host is meant at every one. */
function hostCondition(hosts: readonly string[]): Condition {
  const patterns = hosts.map((host) => {
    const withPort = /:\d+$/.test(host);
    return { withPort, pattern: namePattern(host) };
  });
  return ({ host }) => {
    const bare = host.replace(/:\d+$/, "");
    return patterns.some(({ withPort, pattern }) => pattern.test(withPort ? host : bare));
  };
}

function serverNameCondition(snis: readonly string[]): Condition {
  const patterns = snis.map(namePattern);
  return ({ serverName }) => patterns.some((pattern) => pattern.test(serverName));
}

/** A star stands for one label or several. */
function namePattern(name: string): RegExp {
  const literal = name.replace(/\.$/, "").replaceAll(/[.[\]]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replace("*", "[^:]+")}$`, "i");
}

/** One of the values, whole and without case; or the one expression after `~*`. */
function headerCondition(name: string, values: readonly string[]): Condition {
  const [only = ""] = values;
  if (values.length === 1 && only.startsWith("~*")) {
    const pattern = new RegExp(only.slice(2), "i");
    return ({ request: { headers } }) => pattern.test(headers.get(name) ?? "");
  }
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  return ({ request: { headers } }) => wanted.has((headers.get(name) ?? "").toLowerCase());
}
