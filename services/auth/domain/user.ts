import { z } from "zod";
import { AuthError } from "./auth_error.ts";
import { Factors } from "./factors.ts";
import { Password } from "./password.ts";

export const UserId = z.uuid().brand<"UserId">();
export type UserId = z.output<typeof UserId>;

export const UserRole = z.enum(["customer", "orders", "payment", "auditor", "admin"]);
export type UserRole = z.output<typeof UserRole>;

const Email = z.email().max(254);
const Name = z.string().trim().min(1).max(200);

/** What somebody says of themself to sign up. */
export const NewUser = z.strictObject({ email: Email, name: Name, password: Password });
export type NewUser = z.output<typeof NewUser>;

/** What a user may change of themself. A new password takes the one in force. */
export const UserChange = z.strictObject({
  name: Name.optional(),
  password: Password.optional(),
  currentPassword: z.string().max(512).optional(),
})
  .refine(
    (change) => change.name !== undefined || change.password !== undefined,
    "Names nothing to change",
  )
  .refine(
    (change) => (change.password === undefined) === (change.currentPassword === undefined),
    "A new password and the current one come together",
  );
export type UserChange = z.output<typeof UserChange>;

export const RolesChange = z.strictObject({
  roles: z.array(UserRole).min(1).max(UserRole.options.length)
    .refine((roles) => new Set(roles).size === roles.length, "Names a role twice"),
});

/** A person, as others may see them. */
export const User = z.object({
  id: UserId,
  email: Email,
  name: Name,
  roles: z.array(UserRole),
  status: z.enum(["active", "disabled"]),
  createdAt: z.iso.datetime(),
  version: z.int().positive(),
});
export type User = z.output<typeof User>;

/** A person with what they sign in by. */
export const Account = z.object({
  ...User.shape,
  email: Email.meta({ sensitive: true }),
  name: Name.meta({ sensitive: true }),
  /**
   * Argon2id, as a PHC string. Sensitive, since a weak password can be guessed from it. Absent where the
   * person signs in elsewhere, and never by a password here.
   */
  passwordHash: z.string().startsWith("$argon2id$").optional().meta({ sensitive: true }),
  /**
   * Whoever signed in before it has to do so again. A request under way may bring back what a
   * revocation has destroyed: this makes it worthless.
   */
  signInsValidFrom: z.iso.datetime().optional(),
  /** Grows with it. Tokens name it, so that those from before a change are told from those after. */
  securityVersion: z.int().positive().optional(),
  /** Besides the password. Absent: the password is enough. */
  factors: Factors.optional().meta({ sensitive: true }),
});
export type Account = z.output<typeof Account>;

/** What other programs are told. No name and no address: whoever needs those asks. */
export interface UserEvent {
  readonly kind: "changed" | "disabled";
  readonly userId: UserId;
  readonly roles: readonly UserRole[];
  readonly status: User["status"];
  readonly version: number;
  readonly at: Date;
  /** Of tokens that say less, nobody needs to believe any more. Undefined when nothing was ever taken away. */
  readonly securityVersion: number | undefined;
  readonly signInsValidFrom: string | undefined;
}

/** An account as it is to be, and what to tell of it. The very account that it was is not written. */
export interface AccountChange {
  readonly account: Account;
  readonly event: UserEvent | undefined;
}

/** Two addresses that differ in case alone are one: the same person, or one who would pass as them. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

export function signedUp(
  { email, name, passwordHash, roles }: {
    readonly email: string;
    readonly name: string;
    readonly passwordHash?: string | undefined;
    readonly roles: readonly UserRole[];
  },
  { id, at }: { readonly id: UserId; readonly at: Date },
): AccountChange {
  const createdAt = at.toISOString();
  const account: Account = {
    id,
    email,
    name,
    roles: [...roles],
    status: "active",
    createdAt,
    version: 1,
    ...passwordHash !== undefined && { passwordHash },
  };
  return { account, event: eventOf("changed", account, at) };
}

/** Gives the account a name, a password hash, or both. */
export function changedProfile(
  account: Account,
  { name, passwordHash }: {
    readonly name?: string | undefined;
    readonly passwordHash?: string | undefined;
  },
  at: Date,
): AccountChange {
  return next(account, {
    name: name ?? account.name,
    ...passwordHash !== undefined && { passwordHash, signInsValidFrom: at.toISOString() },
  }, at);
}

/** Whoever signed in until now has to do so again. */
export function signedOutEverywhere(account: Account, at: Date): AccountChange {
  return next(account, { signInsValidFrom: at.toISOString() }, at);
}

/** @throws {AuthError} `own_admin_role` when `by` would lose the role by which they do it. */
export function changedRoles(
  account: Account,
  roles: readonly UserRole[],
  { by, at }: { readonly by: string; readonly at: Date },
): AccountChange {
  if (account.id === by && !roles.includes("admin")) {
    throw new AuthError(
      "own_admin_role",
      "Nobody gives up their own admin role: another admin may",
    );
  }
  const sameRoles = new Set(roles).symmetricDifference(new Set(account.roles)).size === 0;
  if (sameRoles) return { account, event: undefined };
  return next(account, { roles: [...roles], signInsValidFrom: at.toISOString() }, at);
}

/** Nothing changes when it is disabled already. @throws {AuthError} `own_account` when it is of `by`. */
export function disabled(
  account: Account,
  { by, at }: { readonly by: string; readonly at: Date },
): AccountChange {
  if (account.id === by) {
    throw new AuthError("own_account", "Nobody disables themself: another admin may");
  }
  if (account.status === "disabled") return { account, event: undefined };
  const change = { status: "disabled", signInsValidFrom: at.toISOString() } as const;
  return next(account, change, at, "disabled");
}

/**
 * Afterwards the password is enough again, whoever lost or took the other factors. Nothing changes when
 * there are none.
 *
 * @throws {AuthError} `own_factors` when the account is of `by`: a stolen token must not do this.
 */
export function factorsReset(
  account: Account,
  { by, at }: { readonly by: string; readonly at: Date },
): AccountChange {
  if (account.id === by) {
    throw new AuthError("own_factors", "Nobody resets their own factors: another admin may");
  }
  if (account.factors === undefined) return { account, event: undefined };
  const { factors: _lost, ...others } = account;
  return next(others, { signInsValidFrom: at.toISOString() }, at);
}

/** The account with these factors in place of those that it had; undefined for none. */
export function changedFactors(
  { factors: _before, ...others }: Account,
  factors: Factors | undefined,
  at: Date,
): AccountChange {
  return next(factors ? { ...others, factors } : others, {}, at);
}

/**
 * Whether a sign-in still counts.
 *
 * @param atSeconds when it was, in whole seconds since 1970: all that tokens say of it.
 */
export function isSignInValid({ signInsValidFrom }: Account, atSeconds: number): boolean {
  if (signInsValidFrom === undefined) return true;
  return atSeconds >= Math.floor(Date.parse(signInsValidFrom) / 1000);
}

function next(
  account: Account,
  change: Partial<Account>,
  at: Date,
  kind: UserEvent["kind"] = "changed",
): AccountChange {
  const security = change.signInsValidFrom === undefined
    ? {}
    : { securityVersion: (account.securityVersion ?? 0) + 1 };
  const changed = { ...account, ...change, ...security, version: account.version + 1 };
  return { account: changed, event: eventOf(kind, changed, at) };
}

function eventOf(kind: UserEvent["kind"], account: Account, at: Date): UserEvent {
  const { id: userId, roles, status, version, securityVersion, signInsValidFrom } = account;
  return { kind, userId, roles, status, version, at, securityVersion, signInsValidFrom };
}
