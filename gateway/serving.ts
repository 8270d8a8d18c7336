import { asProblem, Problem, problemResponse, problemTypes } from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { Exchange } from "./exchange.ts";
import type { PluginChain } from "./plugin_chain.ts";

export interface Serving {
  readonly chain: PluginChain;
  readonly log: Logger;
  /** What happens when no plugin answers. */
  answer(exchange: Exchange): Response | Promise<Response>;
}

/** Plugins, answer, plugins: whatever is thrown on the way becomes a problem. */
export async function serve(
  exchange: Exchange,
  { chain, answer, log }: Serving,
): Promise<Response> {
  exchange.onAnswered = (summary) => chain.log(exchange, summary);
  let response: Response;
  try {
    const given = await chain.access(exchange);
    response = given ?? await answer(exchange);
    const isServices = !given || exchange.isCopy;
    // A connection that has become a WebSocket is no answer that could be changed.
    if (isServices && chain.hasResponders && response.status !== 101) {
      response = await chain.respond(exchange, response);
    }
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.kind.status >= 500 && !exchange.request.signal.aborted) {
      log.failure("Cannot answer request", problem, { "http.request.id": exchange.requestId });
    }
    response = problemResponse(problem);
  }
  return chain.finish(exchange, response);
}

/** 404 for a path that nobody knows, 405 for a method that its routes do not. */
export function refuse(
  exchange: Exchange,
  known: readonly string[],
  serving: Omit<Serving, "answer">,
): Promise<Response> {
  exchange.isPathKnown = known.length > 0;
  const problem = exchange.isPathKnown
    ? new Problem(problemTypes.methodNotAllowed, { headers: { allow: known.join(", ") } })
    : new Problem(problemTypes.notFound);
  return serve(exchange, { ...serving, answer: () => Promise.reject(problem) });
}
