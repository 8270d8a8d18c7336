import { z } from "zod";
import { definePlugin } from "../plugin.ts";
import type { Exchange, OutgoingRequest } from "../exchange.ts";
import { OwnHeaderName } from "./header_fields.ts";

/** Long enough to be unlike others, and nothing that a log or a header could be broken with. */
const idForm = /^[A-Za-z0-9._#-]{8,128}$/;

/** By this the platform's own services know a request, whatever else it is called. */
const ownHeader = "x-request-id";

const generators = ["uuid", "uuid#counter", "tracker"] as const;
type Generator = typeof generators[number];

/**
 * Plugin `correlation-id`: every request has an id, which the service and, with `echo_downstream`, the client are told.
 * A client's own id is kept when it is well formed: it identifies nothing but what they call it.
 * `tracker` counts requests where Kong's counts connections, which are not known here.
 */
export const correlationId = definePlugin({
  name: "correlation-id",
  runsWithoutRoute: true,
  config: z.strictObject({
    header_name: z.union([
      z.string().regex(/^x-request-id$/i),
      OwnHeaderName,
    ]).default("Kong-Request-ID"),
    generator: z.enum(generators).default("uuid#counter"),
    echo_downstream: z.boolean().default(false),
  }),
  create({ header_name: name, generator, echo_downstream: echoes }, { newId, now, edge }) {
    const header = name.toLowerCase();
    const nextId = generatorOf(generator, { newId, now, edge });
    return {
      access(exchange) {
        const given = exchange.request.headers.get(header);
        exchange.requestId = given !== null && idForm.test(given) ? given : nextId();
        if (echoes) exchange.answerHeaders.push([header, exchange.requestId]);
        if (header !== ownHeader) exchange.edits.push(told(exchange, header));
      },
    };
  },
});

function told({ requestId }: Exchange, header: string): (outgoing: OutgoingRequest) => void {
  return (outgoing) => {
    outgoing.headers = outgoing.headers.filter(([name]) => name !== header);
    outgoing.headers.push([header, requestId]);
  };
}

interface Needs {
  readonly newId: () => string;
  readonly now: () => Date;
  readonly edge: URL;
}

function generatorOf(generator: Generator, { newId, now, edge }: Needs): () => string {
  if (generator === "uuid") return newId;
  let count = 0;
  const origin = newId();
  if (generator === "uuid#counter") return () => `${origin}#${++count}`;
  const place = `${edge.hostname.replace(/[^A-Za-z0-9.]/g, ".")}-${edge.port || "443"}`;
  const process = origin.slice(0, 8);
  return () => `${place}-${process}-${++count}-1-${(now().getTime() / 1000).toFixed(3)}`;
}
