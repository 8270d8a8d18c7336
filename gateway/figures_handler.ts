import { type Logger, metricsHandler } from "platform/telemetry";
import type { Edges } from "./edges.ts";

/**
 * Answers a scrape with what all threads have counted. When one of them does not tell, the scrape fails and says
 * so: counters that lack a part would look as if they had begun anew.
 */
export function figuresHandler(
  edges: Pick<Edges, "figures">,
  log: Logger,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return metricsHandler(await edges.figures())(request);
    } catch (thrown) {
      log.failure("Figures not told", thrown);
      const text = `Cannot tell figures: ${(thrown as Error).message}\n`;
      return new Response(text, { status: 503, headers: { "content-type": "text/plain" } });
    }
  };
}
