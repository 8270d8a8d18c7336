import { z } from "zod";
import { HeaderName } from "../entities/fields.ts";
import { LogEntries } from "../log_entry.ts";
import type { LogEndpoint } from "../log_sinks.ts";
import { definePlugin } from "../plugin.ts";
import { secretHeaders } from "../secret_names.ts";
import { CustomFields } from "./custom_fields.ts";

const Endpoint = z.string().refine(isHttpsUrl, "must be a URL of https, without credentials");
const Gone = z.never("value must be null: use `queue`").nullable().default(null);
/** Said of each batch as it is. */
const ownHeaders = /^(?:host|content-length|content-type)$/i;
const drainMs = 5_000;
const lengthMaxDefault = 16 * 1_048_576;

const Queue = z.strictObject({
  max_batch_size: z.int().min(1).max(1_000_000).default(1),
  /** Seconds that a batch waits to become full. */
  max_coalescing_delay: z.number().min(0).max(3600).default(1),
  max_entries: z.int().min(1).max(1_000_000).default(10_000),
  /** Of all entries that wait; 16 MiB when null. */
  max_bytes: z.int().min(1).nullable().default(null),
  /** Seconds, after which a batch that is not taken is dropped. */
  max_retry_time: z.number().min(0).default(60),
  initial_retry_delay: z.number().min(0.001).max(1_000_000).default(0.01),
  max_retry_delay: z.number().min(0.001).max(1_000_000).default(60),
  /** One batch is under way at a time. */
  concurrency_limit: z.literal(1).default(1),
});

const config = z.strictObject({
  http_endpoint: Endpoint,
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
  content_type: z.enum(["application/json", "application/json; charset=utf-8"])
    .default("application/json"),
  headers: z.record(
    HeaderName,
    z.string().regex(/^[\x20-\x7e]*$/, "not a header's value"),
  ).refine(
    (headers) => !Object.keys(headers).some((name) => ownHeaders.test(name)),
    "cannot contain: Host, Content-Length, Content-Type",
  ).nullable().default(null),
  timeout: z.int().min(1).max(2_147_483_646).default(10_000),
  /** How long a connection may wait to be used again. */
  keepalive: z.int().min(1).max(2_147_483_646).default(60_000),
  queue: Queue.prefault({}),
  retry_count: Gone,
  queue_size: Gone,
  flush_timeout: Gone,
  custom_fields_by_lua: CustomFields,
});

type Config = z.output<typeof config>;

/** Plugin `http-log`: tells a server of requests, a batch at a time. */
export const httpLog = definePlugin({
  name: "http-log",
  runsWithoutRoute: true,
  config,
  create(config, { logs, state, now }) {
    const endpoint = endpointOf(config);
    const entries = new LogEntries({ isSecret: secretHeaders(state), now });
    return {
      log: (exchange, summary) => logs.http(endpoint).write(entries.print(exchange, summary)),
    };
  },
});

function endpointOf(config: Config): LogEndpoint {
  const { method, headers, content_type: type, timeout, queue } = config;
  return {
    url: config.http_endpoint,
    method,
    headers: { ...headers, "content-type": type },
    timeoutMs: timeout,
    keepaliveMs: config.keepalive,
    isSingle: queue.max_batch_size === 1,
    limits: {
      entriesMax: queue.max_entries,
      lengthMax: queue.max_bytes ?? lengthMaxDefault,
      batchMax: queue.max_batch_size,
      delayMs: queue.max_coalescing_delay * 1000,
      retryMsMax: queue.max_retry_time * 1000,
      firstRetryDelayMs: queue.initial_retry_delay * 1000,
      retryDelayMsMax: queue.max_retry_delay * 1000,
      drainMs,
    },
  };
}

function isHttpsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === "https:" && username === "" && password === "";
}
