import { Problem, problemTypes } from "platform/problem";
import type { OutgoingRequest } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { HeaderFields } from "./edited_fields.ts";
import { applyEdits, type FieldEdits, isIdle } from "./field_edits.ts";
import { editedJson, isJsonType } from "./json_text.ts";
import {
  headerEdits,
  jsonEdits,
  ResponseTransformerConfig,
} from "./response_transformer_config.ts";

/** Answers in JSON that are to be edited are held whole up to this size. */
export const editedBytesMax = 1_048_576;

/**
 * Plugin `response-transformer`: what the client gets is not quite what the service answered. In Kong's order: remove,
 * rename, replace, add, append. What the gateway itself answers is left alone. An answer in JSON that cannot
 * be edited, because it is too large, packed or no JSON, is not passed on: it may hold what must not be seen.
 */
export const responseTransformer = definePlugin({
  name: "response-transformer",
  config: ResponseTransformerConfig,
  create(config) {
    const headers = headerEdits(config);
    const json = jsonEdits(config);
    const editsJson = !isIdle(json);
    return {
      access(exchange) {
        // A part of JSON is no JSON.
        if (editsJson) exchange.edits.push(askForAll);
      },
      async response(_exchange, response) {
        const edited = editsJson ? await withJson(response, json) : response;
        return isIdle(headers) ? edited : withHeaders(edited, headers);
      },
    };
  },
});

function askForAll(outgoing: OutgoingRequest): void {
  outgoing.headers = outgoing.headers.filter(([name]) => name !== "range" && name !== "if-range");
}

function withHeaders(response: Response, edits: FieldEdits<string>): Response {
  const fields = new HeaderFields([...response.headers]);
  applyEdits(fields, edits, (value) => value);
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: fields.list,
  });
}

async function withJson(response: Response, edits: FieldEdits<unknown>): Promise<Response> {
  const { headers, status, body } = response;
  if (!body || !isJsonType(headers.get("content-type"))) return response;
  try {
    if (headers.has("content-encoding") || status === 206) throw new Error("it is not plain");
    const bytes = editedJson(await wholeOf(body), edits, (value) => value);
    const kept = [...headers].filter(([name]) => !ofTheBody.has(name));
    return new Response(bytes, { status, headers: kept });
  } catch (cause) {
    if (!body.locked) await body.cancel().catch(() => {/* It has ended already. */});
    throw new Problem(problemTypes.badGateway, { cause });
  }
}

/** What they say of the bytes is not true any more. */
const ofTheBody = new Set([
  "content-length",
  "content-md5",
  "content-digest",
  "repr-digest",
  "digest",
  "accept-ranges",
]);

async function wholeOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Leaving the loop lets go of the rest.
  for await (const piece of body as ReadableStream<Uint8Array<ArrayBuffer>>) {
    length += piece.byteLength;
    if (length > editedBytesMax) throw new Error("it is too large");
    pieces.push(piece);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
