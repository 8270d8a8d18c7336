import { deepEqual } from "node:assert/strict";
import type { z } from "zod";
import { acl } from "./acl.ts";
import { fileLog } from "./file_log.ts";
import { httpLog } from "./http_log.ts";
import { jwt } from "./jwt.ts";
import { keyAuth } from "./key_auth.ts";
import { mtlsAuth } from "./mtls_auth.ts";
import { prometheus } from "./prometheus.ts";

/** Kong's defaults, with the least that each must be given. */
const defaults: readonly [schema: z.ZodType, given: unknown, filled: unknown][] = [
  [jwt.config, {}, {
    header_names: ["authorization"],
    cookie_names: [],
    uri_param_names: [],
    key_claim_name: "iss",
    secret_is_base64: false,
    claims_to_verify: null,
    maximum_expiration: 0,
    anonymous: null,
    run_on_preflight: true,
    realm: null,
  }],
  [keyAuth.config, {}, {
    key_names: ["apikey"],
    key_in_header: true,
    key_in_query: true,
    key_in_body: false,
    hide_credentials: false,
    anonymous: null,
    run_on_preflight: true,
    realm: null,
  }],
  [acl.config, { allow: ["a"] }, {
    allow: ["a"],
    deny: null,
    hide_groups_header: false,
    include_consumer_groups: false,
    always_use_authenticated_groups: false,
  }],
  [mtlsAuth.config, { ca_certificates: ["5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a10"] }, {
    ca_certificates: ["5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a10"],
    allow_partial_chain: false,
    skip_consumer_lookup: false,
    consumer_by: ["username", "custom_id"],
    authenticated_group_by: "CN",
    default_consumer: null,
    anonymous: null,
    revocation_check_mode: "IGNORE_CA_ERROR",
    send_ca_dn: false,
    cache_ttl: 60,
    cert_cache_ttl: 60_000,
    http_timeout: 30_000,
    http_proxy_host: null,
    http_proxy_port: null,
  }],
  [prometheus.config, {}, {
    per_consumer: false,
    status_code_metrics: false,
    latency_metrics: false,
    bandwidth_metrics: false,
    upstream_health_metrics: false,
    ai_metrics: false,
    wasm_metrics: false,
  }],
  [fileLog.config, { path: "/a" }, { path: "/a", reopen: false, custom_fields_by_lua: null }],
  [httpLog.config, { http_endpoint: "https://a.example" }, {
    http_endpoint: "https://a.example",
    method: "POST",
    content_type: "application/json",
    headers: null,
    timeout: 10_000,
    keepalive: 60_000,
    queue: {
      max_batch_size: 1,
      max_coalescing_delay: 1,
      max_entries: 10_000,
      max_bytes: null,
      max_retry_time: 60,
      initial_retry_delay: 0.01,
      max_retry_delay: 60,
      concurrency_limit: 1,
    },
    retry_count: null,
    queue_size: null,
    flush_timeout: null,
    custom_fields_by_lua: null,
  }],
];

Deno.test("plugins' configurations have Kong's fields and defaults, and are taken again as they are told", () => {
  for (const [schema, given, filled] of defaults) {
    const told = JSON.parse(JSON.stringify(schema.parse(given)));
    deepEqual(told, filled);
    deepEqual(schema.parse(told), filled);
  }
});
