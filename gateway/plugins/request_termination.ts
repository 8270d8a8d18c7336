import { z } from "zod";
import { Problem, type ProblemType } from "platform/problem";
import { HeaderName, optional } from "../entities/fields.ts";
import type { Exchange } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { gatewayProblems } from "../problems.ts";
import { HeaderText } from "./header_fields.ts";

const Config = z.strictObject({
  status_code: z.int().min(200).max(599).default(503),
  message: optional(z.string().min(1)),
  content_type: optional(HeaderText),
  body: optional(z.string().min(1)),
  /** Answers with what was asked, credentials and body left out. */
  echo: z.boolean().default(false),
  /** Ends only requests with a header or a query parameter of this name. */
  trigger: optional(HeaderName),
}).superRefine(({ message, content_type: type, body }, context) => {
  if (message !== null && (type !== null || body !== null)) {
    const words = "message cannot be used with content_type or body";
    context.addIssue({ code: "custom", path: [], message: words });
  }
  if (type !== null && body === null) {
    const words = "content_type requires a body";
    context.addIssue({ code: "custom", path: [], message: words });
  }
});

type Config = z.output<typeof Config>;

/** Known to whoever asks already, but not for every script that can read an answer. */
const secrets = new Set(["authorization", "proxy-authorization", "cookie"]);

/**
 * Plugin `request-termination`: answers in the service's place. Without a body of its own, an error is a problem whose
 * `detail` is the message.
 */
export const requestTermination = definePlugin({
  name: "request-termination",
  config: Config,
  create(config) {
    return {
      access(exchange) {
        if (config.trigger !== null && !isTriggered(exchange, config.trigger)) return;
        return answerOf(exchange, config);
      },
    };
  },
});

function isTriggered(
  { request: { headers }, target: { search } }: Exchange,
  name: string,
): boolean {
  return headers.has(name) || new URLSearchParams(search).has(name);
}

function answerOf(
  exchange: Exchange,
  { status_code: status, message, content_type: contentType, body, echo }: Config,
): Response {
  if (status === 204 || status === 205 || status === 304) return new Response(null, { status });
  if (echo) return Response.json({ message, ...echoOf(exchange) }, { status });
  if (body !== null) {
    const headers = { "content-type": contentType ?? "application/json; charset=utf-8" };
    return new Response(body, { status, headers });
  }
  if (status < 400) {
    return message === null
      ? new Response(null, { status })
      : Response.json({ message }, { status });
  }
  const kind = { ...gatewayProblems.requestTerminated, status } as ProblemType;
  throw new Problem(kind, message === null ? {} : { detail: message });
}

function echoOf({ request, host, target: { path, search }, matched }: Exchange): object {
  const headers = [...request.headers].filter(([name]) => !secrets.has(name));
  return {
    request: {
      method: request.method,
      host,
      path,
      query: [...new URLSearchParams(search)],
      headers: Object.fromEntries(headers),
    },
    matched_route: matched && { id: matched.route.id, name: matched.route.name },
    matched_service: matched?.service && { id: matched.service.id, name: matched.service.name },
  };
}
