import { z } from "zod";
import { Problem, problemResponse, problemTypes } from "platform/problem";

/** How long somebody waits yet for an answer to begin, in whole milliseconds. */
const timeLeftHeader = "x-request-timeout-ms";
/** The longest delay that timers take: 25 days. */
const timeLeftMsMax = 2_147_483_647;

const TimeLeft = z.string().regex(/^\d{1,10}$/).transform(Number).pipe(
  z.int().max(timeLeftMsMax),
);

/** Whose connection a request came by. */
export interface Caller {
  readonly spiffeId: string;
}

/** What a handler is told beside the request: Hono's bindings. */
export interface DeadlineBindings<Peer extends Caller = Caller> {
  readonly peer: Peer;
  /** Aborted when nobody waits for the answer any more, by the problem that was answered instead. */
  readonly signal: AbortSignal | undefined;
}

export interface DeadlineOptions {
  /** The SPIFFE ID of the only peer that is believed: it must drop what its own clients say. */
  readonly timekeeper: string;
  /** Calls `act` once, unless disposed of before; the runtime's timers when absent. */
  readonly after?: (delayMs: number, act: () => void) => Disposable;
}

type TimedHandler<Peer extends Caller> = (
  request: Request,
  bindings: DeadlineBindings<Peer>,
) => Response | Promise<Response>;

/**
 * Answers as `handle` does, as long as somebody waits for it: the `X-Request-Timeout-Ms` of the timekeeper says
 * how long that is. When the time is over, the answer is 504 and `signal` is aborted. Of any other peer the
 * header counts for nothing, and there is no deadline.
 */
export function withDeadline<Peer extends Caller>(
  handle: TimedHandler<Peer>,
  { timekeeper, after = afterByTimer }: DeadlineOptions,
): (request: Request, peer: Peer) => Promise<Response> {
  return async (request, peer) => {
    const said = peer.spiffeId === timekeeper ? request.headers.get(timeLeftHeader) : null;
    if (said === null) return await handle(request, { peer, signal: undefined });
    const left = TimeLeft.safeParse(said);
    if (!left.success) return problemResponse(oddTime());
    if (left.data === 0) return problemResponse(timeOver());
    const ending = new AbortController();
    const { signal } = ending;
    const late = Promise.withResolvers<Response>();
    using _timer = after(left.data, () => {
      const reason = timeOver();
      ending.abort(reason);
      late.resolve(problemResponse(reason));
    });
    // What goes on behind a late answer is of use to whoever asks again.
    return await Promise.race([handle(request, { peer, signal }), late.promise]);
  };
}

function afterByTimer(delayMs: number, act: () => void): Disposable {
  const timer = setTimeout(act, delayMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function timeOver(): Problem {
  return new Problem(problemTypes.gatewayTimeout, {
    detail: "The time for the answer is over; what was asked may have been done",
  });
}

function oddTime(): Problem {
  return new Problem(problemTypes.invalidRequest, {
    detail: "X-Request-Timeout-Ms must be a whole number of milliseconds",
  });
}
