import type { UserId, UserRole } from "./domain/mod.ts";

/**
 * Where people sign in, when that is not here: Keycloak, or another that can be told. What it holds goes
 * before what we keep of the same people. All throw {@linkcode AuthError} `busy` while it is out of reach.
 */
export interface PeopleDirectory {
  /**
   * Adds a person with the role `customer`, who can sign in at once.
   *
   * @returns the id that tokens will name as `sub`.
   * @throws {AuthError} `email_taken`, or `password_refused` by the rules of the directory
   */
  add(person: NewPerson): Promise<UserId>;
  /** Replaces the name. */
  rename(id: UserId, name: string): Promise<void>;
  /** Replaces the roles of the platform, leaves others alone, and ends the person's sessions. */
  replaceRoles(id: UserId, roles: readonly UserRole[]): Promise<void>;
  /** No sign-in and no token from then on. */
  disable(id: UserId): Promise<void>;
  /** Afterwards the password is enough again. Ends the person's sessions. */
  resetFactors(id: UserId): Promise<void>;
}

export interface NewPerson {
  readonly email: string;
  readonly name: string;
  readonly password: string;
}
