import { z } from "zod";
import { routePath } from "../route_path.ts";
import type { Kind } from "./kind.ts";
import { HeaderName, Name, optional, protocols, Reference, Tags } from "./fields.ts";

export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = typeof methods[number];

const Path = z.string()
  .regex(/^(?:\/|~\/)/, "should start with: / (fixed path) or ~/ (regex path)")
  .refine(compiles, "not a regular expression");

/** A name, or one with a wildcard for its first or its last label; a port may follow. */
const RouteHost = z.string().regex(
  /^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:\.\*)?(?::\d{1,5})?$/,
  "invalid hostname",
).refine(
  (host) => !(host.startsWith("*.") && /\.\*(?::\d+)?$/.test(host)),
  "only one wildcard must be specified",
);

const HeaderValues = z.record(
  HeaderName.refine(
    (name) => name.toLowerCase() !== "host",
    "cannot contain 'host' header, which must be specified in the 'hosts' attribute",
  ),
  z.array(z.string().min(1).refine(isHeaderPattern, "not a regular expression")).min(1),
);

const fields = z.strictObject({
  name: optional(Name),
  protocols: z.array(z.enum(protocols)).min(1).default(["http", "https"]),
  /** All when null. */
  methods: optional(z.array(z.enum(methods)).min(1)),
  hosts: optional(z.array(RouteHost).min(1)),
  paths: optional(z.array(Path).min(1)),
  headers: optional(HeaderValues),
  https_redirect_status_code: z.union([301, 302, 307, 308, 426].map((code) => z.literal(code)))
    .default(426),
  /** Among expressions the greater goes first, then the earlier. */
  regex_priority: z.int().default(0),
  /** Whether the part of the path that matched is taken off on the way to the service. */
  strip_path: z.boolean().default(true),
  path_handling: z.enum(["v0", "v1"]).default("v0"),
  /** Whether the service sees the client's Host header, or its own name. */
  preserve_host: z.boolean().default(false),
  request_buffering: z.boolean().default(true),
  response_buffering: z.boolean().default(true),
  snis: optional(z.array(RouteHost).min(1)),
  sources: optional(z.never("not for HTTP")),
  destinations: optional(z.never("not for HTTP")),
  service: optional(Reference),
  /** `public` lets callers in without a token; `idempotent`: the service honours `Idempotency-Key`. */
  tags: optional(Tags),
}).superRefine(({ methods, hosts, paths, headers, snis }, context) => {
  if (methods ?? hosts ?? paths ?? headers ?? snis) return;
  const message =
    "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'";
  context.addIssue({ code: "custom", path: [], message });
});

export type RouteFields = z.output<typeof fields>;

/** Which requests are for which service. */
export const routes: Kind<RouteFields> = {
  collection: "routes",
  singular: "route",
  fields,
  parents: { service: { collection: "services", onRemoval: "refuse" } },
  keys: ["name"],
  nested: ["plugins"],
};

function compiles(path: string): boolean {
  try {
    routePath(path);
    return true;
  } catch {
    return false;
  }
}

function isHeaderPattern(value: string): boolean {
  try {
    return !value.startsWith("~*") || new RegExp(value.slice(2), "i") !== undefined;
  } catch {
    return false;
  }
}
