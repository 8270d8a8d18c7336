import { z } from "zod";
import { configError } from "platform/config";
import { type PluginUse, pluginUse } from "./plugin.ts";
import { plugins } from "./plugins/mod.ts";
import { routePath } from "./route_path.ts";
import { placedFaults } from "./yaml_faults.ts";

export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = typeof methods[number];

const Name = z.string().regex(/^[\w.~-]+$/, "Not a name of letters, digits, . _ ~ -");
const Tags = z.array(z.string().min(1)).default([]);
const TimeoutMs = z.int().min(1).max(2_147_483_646).default(60_000);

const [first, ...others] = plugins.map((plugin) => pluginUse(plugin as never));

/** A plugin by name, with configuration that its own schema accepts. */
const PluginUses = z.array(
  z.discriminatedUnion("name", [first, ...others] as never, {
    error: ({ code }) => code === "invalid_union" ? "There is no such plugin" : undefined,
  }) as z.ZodType<PluginUse>,
).default([]).refine(
  (uses) => new Set(uses.map(({ name }) => name)).size === uses.length,
  "A plugin is named twice",
);

const Path = z.string().regex(
  /^(?:\/|~\/)/,
  'Neither a prefix with "/" nor an expression with "~/"',
)
  .refine(compiles, "Not a regular expression");

const Route = z.strictObject({
  name: Name,
  /** All of {@linkcode methods} when absent. */
  methods: z.array(z.enum(methods)).min(1).optional(),
  paths: z.array(Path).min(1),
  /** Among expressions the greater goes first, then the earlier. */
  regex_priority: z.int().default(0),
  /** Whether the part of the path that matched is taken off on the way to the service. */
  strip_path: z.boolean().default(true),
  /** Whether the service sees the client's Host header, or its own name. */
  preserve_host: z.boolean().default(false),
  /** `public` lets callers in without a token; `idempotent`: the service honours `Idempotency-Key`. */
  tags: Tags,
  plugins: PluginUses,
}).superRefine(({ tags, plugins }, context) => {
  if (!tags.includes("public")) return;
  plugins.forEach(({ name }, index) => {
    if (name !== "jwt" && name !== "acl") return;
    const message = `A public route knows no caller: "${name}" cannot work here`;
    context.addIssue({ code: "custom", path: ["plugins", index, "name"], message });
  });
});

const Service = z.strictObject({
  name: Name,
  /** Stands for protocol, host, port and path. */
  url: z.url().optional(),
  protocol: z.string().optional(),
  host: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).optional(),
  path: z.string().regex(/^\/[\w.~/-]*$/, "Not a path").optional(),
  /** How often a request that is safe to repeat is sent again after the connection failed. */
  retries: z.int().min(0).max(32_767).default(5),
  connect_timeout: TimeoutMs,
  write_timeout: TimeoutMs,
  read_timeout: TimeoutMs,
  /** `spiffe:<program>` names the peer; else it is the host. */
  tags: Tags,
  routes: z.array(Route).default([]),
  plugins: PluginUses,
}).superRefine((service, context) => {
  const parts = (["protocol", "host", "port", "path"] as const).filter((part) => part in service);
  const fault = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (service.url === undefined && service.host === undefined) fault("host", "Needed without url");
  for (const part of service.url === undefined ? [] : parts) {
    fault(part, "Stands in the url already");
  }
  if (protocolOf(service) !== "https") {
    fault(service.url === undefined ? "protocol" : "url", "Services are reached by https only");
  }
}).transform(({ url, protocol: _protocol, host, port, path, ...service }) => ({
  ...service,
  ...(url === undefined ? address({ host, port, path }) : addressOf(new URL(url))),
}));

/** The shape of `gateway.yaml`: Kong's declarative format, without what is not implemented. */
const GatewayConfigShape = z.strictObject({
  _format_version: z.literal("3.0"),
  services: z.array(Service).min(1),
  plugins: PluginUses,
}).superRefine(({ services }, context) => {
  refuseTwins(services.map(({ name }, s) => ({ name, path: ["services", s, "name"] })), context);
  const routes = services.flatMap(({ routes }, s) =>
    routes.map(({ name }, r) => ({ name, path: ["services", s, "routes", r, "name"] }))
  );
  refuseTwins(routes, context);
});

export type GatewayConfig = z.output<typeof GatewayConfigShape>;
export type ServiceConfig = GatewayConfig["services"][number];
export type RouteConfig = ServiceConfig["routes"][number];

/**
 * Reads the text of a configuration file.
 *
 * @throws {ConfigError} naming every fault by file, line and path. An unknown key or plugin is one.
 */
export function parseGatewayConfig(text: string, file: string): GatewayConfig {
  const { value, faultsAt } = placedFaults(text, file);
  const parsed = GatewayConfigShape.safeParse(value, { reportInput: false });
  if (parsed.success) return parsed.data;
  throw configError(faultsAt(parsed.error.issues));
}

/** The SPIFFE ID that the certificate of a service's programs must carry. */
export function peerOf({ tags, host }: ServiceConfig): string {
  const tag = tags.find((tag) => tag.startsWith("spiffe:"));
  return `spiffe://sallyport/${tag?.slice("spiffe:".length) ?? host}`;
}

function compiles(path: string): boolean {
  try {
    routePath(path);
    return true;
  } catch {
    return false;
  }
}

/** Kong's default is http. */
function protocolOf(
  { url, protocol = "http" }: { url?: string | undefined; protocol?: string | undefined },
): string {
  return url === undefined ? protocol : new URL(url).protocol.slice(0, -1);
}

interface Address {
  readonly host: string;
  readonly port: number;
  /** Put before the path of every request; without a slash at its end. */
  readonly path: string;
}

function address(
  { host = "", port = 80, path = "" }: { [Part in keyof Address]?: Address[Part] | undefined },
): Address {
  return { host, port, path: path.replace(/\/$/, "") };
}

function addressOf({ hostname, port, pathname }: URL): Address {
  return address({ host: hostname, port: Number(port || 443), path: pathname });
}

function refuseTwins(
  named: readonly { readonly name: string; readonly path: (string | number)[] }[],
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  for (const { name, path } of named) {
    if (seen.has(name)) context.addIssue({ code: "custom", path, message: "The name is taken" });
    seen.add(name);
  }
}
