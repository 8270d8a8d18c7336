import { z } from "zod";
import type { Kind } from "./kind.ts";
import { Host, Id, Name, optional, Port, Reference, Tags, TimeoutMs } from "./fields.ts";

const Path = z.string().regex(/^\/[\w.~!$&'()*+,;=:@%/-]*$/, "should start with: /");

const fields = z.strictObject({
  /** Resolved before: what is left of it is wrong. */
  url: z.never("not a URL, or given beside protocol, host, port or path").optional(),
  name: optional(Name),
  protocol: z.enum(["http", "https"]).default("http"),
  host: Host,
  port: Port.default(80),
  /** Stands before the path of every request. */
  path: optional(Path),
  /** How often a request that is safe to repeat is sent again after the connection failed. */
  retries: z.int().min(0).max(32_767).default(5),
  connect_timeout: TimeoutMs.default(60_000),
  write_timeout: TimeoutMs.default(60_000),
  read_timeout: TimeoutMs.default(60_000),
  client_certificate: optional(Reference),
  /** With `ca_certificates`: the server is known by its host name. Else by its SPIFFE ID, always. */
  tls_verify: optional(z.boolean()),
  tls_verify_depth: optional(z.int().min(0).max(64)),
  ca_certificates: optional(z.array(Id).min(1)),
  enabled: z.boolean().default(true),
  /** `spiffe:<program>` names the peer; else it is the host. */
  tags: optional(Tags),
}).superRefine(({ protocol, client_certificate, tls_verify }, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (protocol !== "https") {
    refuse("protocol", "value must be https: services are reached by TLS only");
  }
  if (tls_verify === false) {
    refuse("tls_verify", "value must not be false: every server is verified");
  }
  if (client_certificate) {
    refuse("client_certificate", "value must be null: the gateway shows its own certificate");
  }
});

export type ServiceFields = z.output<typeof fields>;

/** Where requests go. `url` stands for protocol, host, port and path. */
export const services: Kind<ServiceFields> = {
  collection: "services",
  singular: "service",
  fields,
  parents: { client_certificate: { collection: "certificates", onRemoval: "refuse" } },
  keys: ["name"],
  nested: ["routes", "plugins"],
  prepare: ({ url, ...given }) => url === undefined || url === null ? given : withUrl(given, url),
};

function withUrl(given: Readonly<Record<string, unknown>>, url: unknown): Record<string, unknown> {
  const isSaidTwice = ["protocol", "host", "port", "path"].some((part) => part in given);
  if (typeof url !== "string" || !URL.canParse(url) || isSaidTwice) return { ...given, url };
  const { protocol, hostname, port, pathname } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return {
    ...given,
    protocol: scheme,
    host: hostname,
    port: Number(port || (scheme === "https" ? 443 : 80)),
    path: pathname === "/" && !url.endsWith("/") ? null : pathname,
  };
}
