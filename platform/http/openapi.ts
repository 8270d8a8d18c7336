import { z } from "zod";
import type { AccessTable } from "platform/access";
import { type ProblemType, problemTypes } from "platform/problem";
import type { Route } from "./route.ts";

type Json = Readonly<Record<string, unknown>>;

export interface ApiDescription<Operation extends string> {
  readonly title: string;
  readonly version: string;
  readonly routes: Readonly<Record<Operation, Route>>;
  readonly policy: AccessTable<Operation>;
}

/** The contract of a service's routes as an OpenAPI 3.1 document. Keys keep the order of the routes. */
export function toOpenApi<Operation extends string>(
  { title, version, routes, policy }: ApiDescription<Operation>,
): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operation, route] of Object.entries<Route>(routes)) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    const isPublic = "anyone" in policy[operation as Operation];
    paths[path] = { ...paths[path], [route.method]: toOperation(operation, route, isPublic) };
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

const problemSchema = {
  type: "object",
  description: "RFC 9457, Problem Details for HTTP APIs",
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
  },
  required: ["type", "title", "status"],
} as const;

function toOperation(operationId: string, route: Route, isPublic: boolean): Json {
  return {
    operationId,
    summary: route.summary,
    ...!isPublic && { security: [{ bearer: [] }] },
    ...withParameters(route),
    ...route.body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: toSchema(route.body, "input") } },
      },
    },
    responses: {
      [route.status]: {
        description: route.summary,
        content: { "application/json": { schema: toSchema(route.reply, "output") } },
      },
      ...problemResponses(route, isPublic),
    },
  };
}

function withParameters(route: Route): Json {
  const parameters = [
    ...parametersIn("path", route.params),
    ...parametersIn("query", route.query),
    ...route.idempotent ? [header("Idempotency-Key", true)] : [],
    ...route.ifMatch ? [header("If-Match", true)] : [],
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function header(name: string, required: boolean): Json {
  return { name, in: "header", required, schema: { type: "string" } };
}

function parametersIn(place: "path" | "query", schema: z.ZodType | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = toSchema(schema, "input") as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

/** Clients are told what they may send; a transformed value is described by what goes in. */
function toSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function problemResponses(route: Route, isPublic: boolean): Json {
  const kinds: ProblemType[] = [
    ...isPublic
      ? []
      : [problemTypes.unauthenticated, problemTypes.invalidToken, problemTypes.forbidden],
    ...route.params || route.query || route.body ? [problemTypes.invalidRequest] : [],
    ...route.params ? [problemTypes.notFound] : [],
    ...route.body
      ? [
        problemTypes.malformedJson,
        problemTypes.contentTooLarge,
        problemTypes.unsupportedMediaType,
      ]
      : [],
    ...route.idempotent
      ? [
        problemTypes.idempotencyKeyMissing,
        problemTypes.idempotencyKeyInFlight,
        problemTypes.idempotencyKeyReused,
      ]
      : [],
    ...route.ifMatch ? [problemTypes.preconditionFailed, problemTypes.preconditionRequired] : [],
    ...route.problems ?? [],
  ];
  const byStatus = Map.groupBy(kinds, ({ status }) => status);
  const sorted = [...byStatus].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(sorted.map(([status, kinds]) => [status, {
    description: kinds.map(({ type, title }) => `${title} (${type})`).join("; "),
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  }]));
}
