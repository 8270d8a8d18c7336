import { AsyncLocalStorage } from "node:async_hooks";
import type { Principal } from "platform/access";
import { Problem, problemResponse, problemTypes } from "platform/problem";
import type { Logger } from "platform/telemetry";
import type { AuditEvent } from "./domain/mod.ts";
import type { OidcOperation } from "./oidc_endpoints.ts";
import type { AuditLog } from "./ports.ts";
import type { routes } from "./routes.ts";

type Operation = OidcOperation | keyof typeof routes;

/** What of the operations is written down: whatever changes who may do what, or shows who somebody is. */
export const auditedOperations: ReadonlySet<Operation> = new Set<Operation>([
  "signUp",
  "changeMe",
  "changeRoles",
  "disableUser",
  "resetFactors",
  "submitInteraction",
  "submitSignUpLink",
  "submitForgot",
  "submitReset",
  "changeProfile",
  "changePassword",
  "changeFactors",
  "endBrowserSession",
  "disconnectApplication",
  "submitUserCode",
  "revocation",
  "registration",
  "initialAccessToken",
  "replaceClient",
  "deleteClient",
  "confirmEndSession",
]);

/** What is known of the request under way. */
interface Trail {
  operation?: string;
  actor?: string;
  subject?: string;
}

const trails = new AsyncLocalStorage<Trail>();

/** Adds to what is known of who does what to whom, for the request under way. */
export function note(known: Trail): void {
  Object.assign(trails.getStore() ?? {}, known);
}

/** Notes who calls which operation of the users API, and whom it is about. */
export function onCall(
  { operation, caller, params }: {
    readonly operation: string;
    readonly caller: Principal;
    readonly params: Readonly<Record<string, string>>;
  },
): void {
  const { userId } = params;
  note({ operation, actor: caller.subject, ...userId !== undefined && { subject: userId } });
}

export interface AuditTrailOptions {
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly now: () => Date;
}

type Answer = () => Response | Promise<Response>;

/**
 * Writes down what a request has done before it is answered. What cannot be written down is answered 503: it may
 * have been done, and the log of the program says so.
 */
export async function withAuditTrail(
  answer: Answer,
  address: string,
  { audit, log, now }: AuditTrailOptions,
): Promise<Response> {
  const trail: Trail = {};
  const response = await trails.run(trail, answer);
  if (!isAudited(trail.operation)) return response;
  const event: AuditEvent = {
    at: now().toISOString(),
    action: trail.operation,
    outcome: outcomeOf(response.status),
    status: response.status,
    actor: trail.actor || null,
    subject: trail.subject ?? trail.actor ?? null,
    address,
  };
  try {
    await audit.append(event);
    return response;
  } catch (thrown) {
    log.failure("Audit log not written", thrown, { "event.action": event.action });
    // Nothing was done, most likely because of the same store: that is told already.
    if (response.status >= 500) return response;
    await response.body?.cancel();
    const problem = { headers: { "retry-after": "1" }, cause: thrown };
    return problemResponse(new Problem(problemTypes.unavailable, problem));
  }
}

function isAudited(operation: string | undefined): operation is string {
  return auditedOperations.has(operation as Operation);
}

function outcomeOf(status: number): AuditEvent["outcome"] {
  if (status < 400) return "done";
  return status < 500 ? "refused" : "failed";
}
