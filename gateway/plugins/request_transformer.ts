import { Problem, problemTypes } from "platform/problem";
import type { Exchange, OutgoingRequest } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { targetOf } from "../request_target.ts";
import { FormFields, HeaderFields } from "./edited_fields.ts";
import { applyEdits, type FieldEdits, isIdle } from "./field_edits.ts";
import { isHeaderText } from "./header_fields.ts";
import { editedJson, isJsonType } from "./json_text.ts";
import { editsOf, RequestTransformerConfig } from "./request_transformer_config.ts";
import { type Source, type Template, templateOf } from "./template.ts";

/**
 * Plugin `request-transformer`: what the service gets is not quite what the client sent. In Kong's order: remove, rename,
 * replace, add, append. Bodies are edited when they are JSON or a form, and must then be small enough to
 * be held whole; a multipart body or a packed one is refused, any other passes. A request that becomes a
 * GET loses its body. References are to the request as the client sent it.
 */
export const requestTransformer = definePlugin({
  name: "request-transformer",
  config: RequestTransformerConfig,
  create(config) {
    const headers = editsOf(config, "headers");
    const query = editsOf(config, "querystring");
    const body = editsOf(config, "body");
    const uri = config.replace.uri === null ? undefined : templateOf(config.replace.uri);
    return {
      access(exchange) {
        // Rendered before anything is sent: what cannot be is refused here.
        const path = uri && pathOf(exchange, uri);
        exchange.edits.push((outgoing) => {
          if (path !== undefined) outgoing.path = path;
          if (config.http_method !== null) outgoing.method = config.http_method;
          if (!isIdle(headers)) editHeaders(outgoing, exchange, headers);
          if (!isIdle(query)) editQuery(outgoing, exchange, query);
        });
        if (!isIdle(body)) editBody(exchange, body);
      },
    };
  },
});

/** In normal form: no value from the request can lead out of where the template leads. @throws {Problem} */
function pathOf(exchange: Exchange, uri: Template): string {
  const encode = (value: string, source: Source) =>
    source === "literal" || source === "uri_captures" ? value : encodeURIComponent(value);
  return targetOf(
    `https://edge${uri.render(exchange, encode).replace(/[?#]/g, encodeURIComponent)}`,
  )
    .path;
}

function editHeaders(
  outgoing: OutgoingRequest,
  exchange: Exchange,
  edits: FieldEdits<Template>,
): void {
  const fields = new HeaderFields(outgoing.headers);
  // The host is not among them unless it is the client's; it can be replaced in any case.
  const host = edits.replace.find(([name]) => name.toLowerCase() === "host")?.[1];
  applyEdits(fields, edits, (template) => {
    const value = template.render(exchange);
    if (!isHeaderText(value)) throw new Problem(problemTypes.invalidRequest);
    return value;
  });
  if (host) fields.set("host", host.render(exchange));
  outgoing.headers = fields.list;
}

function editQuery(
  outgoing: OutgoingRequest,
  exchange: Exchange,
  edits: FieldEdits<Template>,
): void {
  const fields = new FormFields(outgoing.search);
  applyEdits(fields, edits, (template) => template.render(exchange));
  const query = String(fields);
  outgoing.search = query === "" ? "" : `?${query}`;
}

const formType = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;
const multipartType = /^\s*multipart\//i;

/** @throws {Problem} `unsupported-media-type` for what may hold fields that cannot be reached. */
function editBody(exchange: Exchange, edits: FieldEdits<Template>): void {
  const { headers } = exchange.request;
  const type = headers.get("content-type");
  const isForm = formType.test(type ?? "");
  if (multipartType.test(type ?? "")) throw new Problem(problemTypes.unsupportedMediaType);
  if (!isForm && !isJsonType(type)) return;
  if (headers.has("content-encoding")) throw new Problem(problemTypes.unsupportedMediaType);
  const valueOf = (template: Template) => template.render(exchange);
  exchange.bodyEdits.push((bytes) => {
    if (!isForm) return jsonOf(bytes, edits, valueOf);
    const fields = new FormFields(new TextDecoder().decode(bytes));
    applyEdits(fields, edits, valueOf);
    return new TextEncoder().encode(String(fields));
  });
}

function jsonOf(
  bytes: Uint8Array<ArrayBuffer>,
  edits: FieldEdits<Template>,
  valueOf: (template: Template) => string,
): Uint8Array<ArrayBuffer> {
  const isEmpty = bytes.byteLength === 0;
  if (isEmpty && edits.add.length + edits.append.length === 0) return bytes;
  try {
    return editedJson(isEmpty ? new TextEncoder().encode("{}") : bytes, edits, valueOf);
  } catch (cause) {
    throw new Problem(problemTypes.malformedJson, { cause });
  }
}
