import { Problem, problemTypes } from "platform/problem";
import { letGo } from "./held_keys.ts";

/** What a client was told: enough to tell it again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One use of an `Idempotency-Key`. */
export interface KeyUse {
  /** Caller and route: the same key of another caller, or on another route, is another key. */
  readonly scope: string;
  readonly key: string;
  /** A hash of what was asked for. */
  readonly fingerprint: string;
  /** The id for what the call creates, kept if the key is new. */
  readonly resourceId: string;
}

export type Claim =
  | ClaimedKey
  | { readonly state: "answered"; readonly answer: StoredAnswer }
  | { readonly state: "in_flight" }
  | { readonly state: "reused" };

/** Nobody else holds the key: go on, and create `resourceId`. It was taken up before if the holder crashed. */
export interface ClaimedKey {
  readonly state: "claimed";
  readonly resourceId: string;
  /** When the key is free for others. That of a later holder is free later. */
  readonly leasedUntil: Date;
}

/**
 * Remembers the answers given under each `Idempotency-Key`, for at least
 * {@linkcode keptMs}. Each method is one transaction.
 */
export interface IdempotencyStore {
  /** Takes the key for the caller until it is answered, let go, or `leaseMs` have passed. */
  claim(use: KeyUse, at: Date, leaseMs: number): Promise<Claim>;
  /**
   * Keeps `answer` for every later use of the key, unless it has one: of two holders, because the first took
   * longer than its lease, whoever is done first has answered.
   */
  answer(use: KeyUse, answer: StoredAnswer, at: Date): Promise<void>;
  /**
   * Lets go of a key that is held by this very lease, without an answer: one that has passed to somebody else
   * stays theirs. The next use gets the same `resourceId`.
   */
  release(use: KeyUse, leasedUntil: Date): Promise<void>;
}

export const keptMs = 24 * 3_600_000;
/** Longer than any handler may take. A crashed holder blocks its key for no longer than this. */
export const leaseMs = 30_000;

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** @throws {Problem} `idempotency-key-missing` or `invalid-request` */
export function parseIdempotencyKey(headers: Headers): string {
  const key = headers.get("idempotency-key");
  if (key === null || key === "") throw new Problem(problemTypes.idempotencyKeyMissing);
  if (keyPattern.test(key)) return key;
  throw new Problem(problemTypes.invalidRequest, {
    detail: "Idempotency-Key must be 1 to 255 visible ASCII characters",
  });
}

/**
 * Runs `work` at most once per key; a later use with the same content gets the first answer.
 * A failure of ours (5xx) is not an answer: the key is let go, and may be tried again.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ | The Idempotency-Key header field}
 */
export async function once(
  store: IdempotencyStore,
  use: KeyUse,
  now: () => Date,
  work: (resourceId: string) => Promise<Response>,
): Promise<Response> {
  const at = now();
  const claim = await store.claim(use, at, leaseMs).catch((thrown) => {
    // It may have been made, though its answer was lost.
    void letGo(store, use, { leasedUntil: new Date(at.getTime() + leaseMs), leaseMs });
    throw thrown;
  });
  if (claim.state === "reused") throw new Problem(problemTypes.idempotencyKeyReused);
  if (claim.state === "in_flight") {
    throw new Problem(problemTypes.idempotencyKeyInFlight, { headers: { "retry-after": "1" } });
  }
  if (claim.state === "answered") return replay(claim.answer);

  try {
    const response = await work(claim.resourceId);
    if (response.status >= 500) {
      await letGo(store, use, { ...claim, leaseMs });
      return response;
    }
    const answer = await toAnswer(response);
    await store.answer(use, answer, now());
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  } catch (thrown) {
    await letGo(store, use, { ...claim, leaseMs });
    throw thrown;
  }
}

async function toAnswer(response: Response): Promise<StoredAnswer> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

function replay({ status, headers, body }: StoredAnswer): Response {
  return new Response(body, { status, headers: { ...headers, "idempotent-replayed": "true" } });
}

/** A hash of `parts` that differs whenever they do. */
export async function fingerprintOf(...parts: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
