import type { Passage } from "platform/resilience";
import { Problem, problemTypes } from "platform/problem";
import { ConnectionError } from "platform/tls";
import type { Clock, ServiceReach, Visit } from "./balancing/mod.ts";
import type { Service } from "./entities/mod.ts";
import type { Exchange, OutgoingRequest } from "./exchange.ts";
import { timeLeftHeader } from "./forward_headers.ts";
import type { ForwardedBody } from "./request_body.ts";
import { backoffMs, isRepeatable, mayGoElsewhere, type RepeatFacts } from "./upstream_retry.ts";

const nobody: ReadonlySet<string> = new Set();

/** What one request asks of a service. */
export interface Asked {
  readonly exchange: Exchange;
  readonly outgoing: Readonly<OutgoingRequest>;
  readonly body: ForwardedBody;
  readonly isIdempotent: boolean;
  readonly cutting: AbortController;
  /** What the request is assigned to a server by. */
  readonly hashKey: string | undefined;
  /** By the clock, when it began and when its answer must have begun. */
  readonly startedMs: number;
  readonly dueMs: number;
}

/** An answer that has begun. */
export interface Arrival<Answer> {
  readonly answer: Answer;
  /** When it did, by the clock. */
  readonly atMs: number;
  /** Its body is over, or nobody wants the rest. */
  ended(): void;
}

export interface AttemptOptions<Answer> extends ServiceReach {
  readonly service: Service;
  /** Sends the request to one server. */
  readonly send: (asked: Asked, to: Destination) => Promise<Answer>;
  readonly wait: (ms: number) => Promise<void>;
  readonly clock: Clock;
}

export interface Destination {
  readonly origin: string;
  /** The headers of the request, and how much time is left for it. */
  readonly headers: [name: string, value: string][];
}

/**
 * Sends a request to one server after the other until one answers: again only when that is safe, within the
 * service's `retries` and its retry budget, and by another server if there is one. A request of which no byte
 * has left goes to another server in any case. A service whose circuit is open is not asked at all.
 *
 * @throws {Problem} `unavailable` when it is not asked, and whatever the last attempt threw.
 */
export async function attempts<Answer extends { readonly status: number }>(
  asked: Asked,
  options: AttemptOptions<Answer>,
): Promise<Arrival<Answer>> {
  const { service, pool, budget, wait, clock } = options;
  const facts = repeatFacts(asked);
  const attemptsMax = isRepeatable(facts) ? service.retries + 1 : 1;
  let tried = nobody;
  budget.deposit();
  for (let attempt = 1;; attempt++) {
    const origin = pool.pick(tried, asked.hashKey);
    const passage = enter(options);
    try {
      const startedMs = attempt === 1 ? asked.startedMs : clock.nowMs();
      return await attemptAt(asked, { origin, passage, startedMs }, options);
    } catch (thrown) {
      if (asked.cutting.signal.aborted) throw thrown;
      tried = new Set([...tried, origin]);
      const isElsewhere = mayGoElsewhere(thrown, facts) && pool.hasOther(tried);
      if (!isElsewhere && (attempt >= attemptsMax || !budget.withdraw())) throw thrown;
    }
    await wait(backoffMs(attempt, { leftMs: asked.dueMs - clock.nowMs() }));
    asked.cutting.signal.throwIfAborted();
  }
}

/** By the method that the service is asked by, which a plugin may have changed. */
function repeatFacts({ exchange: { request }, outgoing, body, isIdempotent }: Asked): RepeatFacts {
  return { method: outgoing.method, headers: request.headers, body, isIdempotent };
}

function enter(
  { circuit, service }: Pick<AttemptOptions<unknown>, "circuit" | "service">,
): Passage {
  const entered = circuit.enter();
  if ("succeeded" in entered) return entered;
  const seconds = Math.max(1, Math.ceil(entered.retryAfterMs / 1_000));
  throw new Problem(problemTypes.unavailable, {
    headers: { "retry-after": String(seconds) },
    cause: new Error(`Cannot call "${service.host}": its circuit is open`),
  });
}

interface Attempt {
  readonly origin: string;
  readonly passage: Passage;
  readonly startedMs: number;
}

async function attemptAt<Answer extends { readonly status: number }>(
  asked: Asked,
  { origin, passage, startedMs }: Attempt,
  { pool, clock, send }: AttemptOptions<Answer>,
): Promise<Arrival<Answer>> {
  const visit = pool.visit(origin);
  asked.exchange.triedOrigins.push(origin);
  try {
    const leftMs = Math.max(1, Math.ceil(asked.dueMs - startedMs));
    const headers = asked.outgoing.headers.concat([[timeLeftHeader, String(leftMs)]]);
    const answer = await send(asked, { origin, headers });
    passage.succeeded();
    visit.answered(answer.status);
    const atMs = clock.nowMs();
    const outcome = { tookMs: atMs - startedMs, isFailure: false };
    return { answer, atMs, ended: () => visit.ended(outcome) };
  } catch (thrown) {
    const isFailure = !isClientsDoing(asked);
    if (isFailure) judge(thrown, { asked, visit, passage });
    else passage.abandoned();
    visit.ended({ tookMs: clock.nowMs() - startedMs, isFailure });
    throw thrown;
  }
}

function judge(
  thrown: unknown,
  { asked, visit, passage }: {
    readonly asked: Asked;
    readonly visit: Visit;
    readonly passage: Passage;
  },
): void {
  const { signal } = asked.cutting;
  const isUnreachable = thrown instanceof ConnectionError;
  // Who is not there is passed over by the pool, and costs nothing to ask: circuits are for those who are.
  if (isUnreachable && thrown.isUnsent) passage.abandoned();
  else passage.failed();
  visit.failed(signal.aborted ? signal.reason : thrown, { isUnreachable });
}

/** Whether the client left, or its body broke off: of the service nothing is learnt by that. */
function isClientsDoing({ exchange: { request }, body }: Asked): boolean {
  return request.signal.aborted || (body.kind === "stream" && body.fault !== undefined);
}
