// deno-lint-ignore-file camelcase -- The fields have Kong's names.
import { z } from "zod";
import type { Kind } from "./kind.ts";
import { HeaderName, Host, optional, Reference, Tags } from "./fields.ts";

const Seconds = z.number().min(0).max(65_535);
const Count = z.int().min(0).max(255);
const Status = z.int().min(100).max(999);

/** Of a type of health check, what Kong has for each of its two parts. */
const Active = z.strictObject({
  type: z.enum(["http", "https", "tcp"]).default("http"),
  timeout: Seconds.default(1),
  concurrency: z.int().min(1).max(2_147_483_648).default(10),
  headers: optional(z.record(HeaderName, z.array(z.string()))),
  http_path: z.string().startsWith("/").default("/"),
  https_sni: optional(Host),
  https_verify_certificate: z.literal(true).default(true),
  healthy: z.strictObject({
    interval: Seconds.default(0),
    http_statuses: z.array(Status).default([200, 302]),
    successes: Count.default(0),
  }).prefault({}),
  unhealthy: z.strictObject({
    interval: Seconds.default(0),
    http_statuses: z.array(Status).default([429, 404, 500, 501, 502, 503, 504, 505]),
    tcp_failures: Count.default(0),
    timeouts: Count.default(0),
    http_failures: Count.default(0),
  }).prefault({}),
});

// deno-fmt-ignore: one line, as in Kong's reference.
const passiveHealthy = [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308];

const Passive = z.strictObject({
  type: z.enum(["http", "https", "tcp"]).default("http"),
  healthy: z.strictObject({
    http_statuses: z.array(Status).default(passiveHealthy),
    successes: Count.default(0),
  }).prefault({}),
  unhealthy: z.strictObject({
    http_statuses: z.array(Status).default([429, 500, 503]),
    tcp_failures: Count.default(0),
    timeouts: Count.default(0),
    http_failures: Count.default(0),
  }).prefault({}),
});

const HashOn = z.enum([
  "none",
  "consumer",
  "ip",
  "header",
  "cookie",
  "path",
  "query_arg",
  "uri_capture",
]);

const fields = z.strictObject({
  name: Host,
  algorithm: z.enum(["consistent-hashing", "least-connections", "round-robin", "latency"])
    .default("round-robin"),
  hash_on: HashOn.default("none"),
  hash_fallback: HashOn.default("none"),
  hash_on_header: optional(HeaderName),
  hash_fallback_header: optional(HeaderName),
  hash_on_cookie: optional(z.string().min(1)),
  hash_on_cookie_path: z.string().startsWith("/").default("/"),
  hash_on_query_arg: optional(z.string().min(1)),
  hash_fallback_query_arg: optional(z.string().min(1)),
  hash_on_uri_capture: optional(z.string().min(1)),
  hash_fallback_uri_capture: optional(z.string().min(1)),
  slots: z.int().min(10).max(65_536).default(10_000),
  healthchecks: z.strictObject({
    active: Active.prefault({}),
    passive: Passive.prefault({}),
    /** Percentage of the weight that must be healthy for the upstream to be used at all. */
    threshold: z.number().min(0).max(100).default(0),
  }).prefault({}),
  host_header: optional(Host),
  client_certificate: optional(Reference),
  use_srv_name: z.literal(false).default(false),
  tags: optional(Tags),
}).superRefine((upstream, context) => {
  if (upstream.client_certificate) {
    const message = "value must be null: the gateway shows its own certificate";
    context.addIssue({ code: "custom", path: ["client_certificate"], message });
  }
  const needed = {
    hash_on_header: upstream.hash_on === "header",
    hash_fallback_header: upstream.hash_fallback === "header",
    hash_on_cookie: upstream.hash_on === "cookie" || upstream.hash_fallback === "cookie",
    hash_on_query_arg: upstream.hash_on === "query_arg",
    hash_fallback_query_arg: upstream.hash_fallback === "query_arg",
    hash_on_uri_capture: upstream.hash_on === "uri_capture",
    hash_fallback_uri_capture: upstream.hash_fallback === "uri_capture",
  };
  for (const [field, isNeeded] of Object.entries(needed)) {
    if (!isNeeded || upstream[field as keyof typeof needed] !== null) continue;
    context.addIssue({ code: "custom", path: [field], message: "required field missing" });
  }
});

export type UpstreamFields = z.output<typeof fields>;

/** Several servers under one name, which services give as their host. */
export const upstreams: Kind<UpstreamFields> = {
  collection: "upstreams",
  singular: "upstream",
  fields,
  parents: { client_certificate: { collection: "certificates", onRemoval: "refuse" } },
  keys: ["name"],
  nested: ["targets"],
};

const defaultTargetPort = 8000;

const targetFields = z.strictObject({
  upstream: Reference,
  target: z.string().regex(
    /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/,
    "Invalid target; not a valid hostname or ip address",
  ),
  weight: z.int().min(0).max(65_535).default(100),
  tags: optional(Tags),
});

export type TargetFields = z.output<typeof targetFields>;

/** One server of an upstream, as `host:port`. */
export const targets: Kind<TargetFields> = {
  collection: "targets",
  singular: "target",
  fields: targetFields,
  parents: { upstream: { collection: "upstreams", onRemoval: "remove" } },
  keys: [],
  keyWithinParent: "target",
  together: [["upstream", "target"]],
  nested: [],
  under: { parent: "upstream", segment: "targets" },
  prepare: ({ target, ...given }) => ({
    ...given,
    target: typeof target === "string" && !/:\d+$/.test(target)
      ? `${target}:${defaultTargetPort}`
      : target,
  }),
};
