import type { Connection } from "./sender_constraint.ts";
import { Problem, problemTypes } from "platform/problem";

/** The roles a token may carry. Anything else in a token is ignored. */
export const roles = ["customer", "orders", "payment", "auditor", "admin"] as const;
export type Role = typeof roles[number];

/** The caller, as vouched for by a verified access token; or nobody. */
export interface Principal {
  /** The token's `sub`: a user's id, or a machine client's `client_id`. Empty for nobody. */
  readonly subject: string;
  /** The token's `client_id`: the program through which the subject calls. */
  readonly clientId: string;
  readonly roles: ReadonlySet<Role>;
}

/** The caller of an operation that anyone may call. */
export const anyone: Principal = { subject: "", clientId: "", roles: new Set() };

/** `own`: only what belongs to the caller. `any`: everyone's. An absent cell denies. */
export type Possession = "own" | "any";

/** Who may call one operation, and how far the call reaches. `anyone` needs no token. */
export type AccessRow = Readonly<Partial<Record<Role | "anyone", Possession>>>;

/** One row per operation, one column per role. */
export type AccessTable<Operation extends string> = Readonly<Record<Operation, AccessRow>>;

/** How far a permitted call reaches into the data: every store read takes one. */
export type Reach = "any" | { readonly owner: string };

/** @throws {Problem} `forbidden` when no role of the caller has a cell in `row`. */
export function authorize(row: AccessRow, caller: Principal): Reach {
  const cells = [row.anyone, ...[...caller.roles].map((role) => row[role])];
  if (cells.includes("any")) return "any";
  if (cells.includes("own")) return { owner: caller.subject };
  throw new Problem(problemTypes.forbidden);
}

/** Whether something of `owner` lies within `reach`. Nobody owns nothing: an empty owner never matches. */
export function within(reach: Reach, owner: string): boolean {
  return reach === "any" || (owner !== "" && reach.owner === owner);
}

/**
 * The verified caller of a request: at once, unless something must be fetched first.
 *
 * @throws {Problem} `unauthenticated` or `invalid-token`, by a throw or a rejection; `unavailable` when who could
 * tell is out of reach.
 */
export type Authenticate = (
  request: Request,
  connection?: Connection,
) => Principal | Promise<Principal>;
