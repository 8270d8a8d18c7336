import { z } from "zod";
import type { ServiceToken } from "platform/access";
import { CallTimeoutError, CircuitOpenError, createResilience } from "platform/resilience";
import type { ResilientCall } from "platform/resilience";
import { AuthError, UserId, UserRole } from "../domain/mod.ts";
import type { NewPerson, PeopleDirectory } from "../people_directory.ts";

const deadlineMs = 8_000;
const tryTimeoutMs = 3_000;
const retryAfterSeconds = 5;

const RoleReply = z.looseObject({ id: z.string(), name: z.string() });
const RolesReply = z.array(RoleReply);
type Role = z.output<typeof RoleReply>;
const GroupsReply = z.array(z.looseObject({ id: z.string(), name: z.string() }));
const CredentialsReply = z.array(z.looseObject({ id: z.string(), type: z.string() }));
const UserReply = z.looseObject({ enabled: z.boolean() });

export interface KeycloakDirectoryOptions {
  /** Of the realm: `https://…/admin/realms/<realm>`. */
  readonly adminUrl: string;
  /** Reaches Keycloak's server and no other. */
  readonly fetch: typeof fetch;
  /** Of a client that may manage the realm's users. */
  readonly token: ServiceToken;
}

/**
 * People of a Keycloak realm, by its Admin REST API. The realm has a role for each of the platform's, and a
 * group of the same name that gives it: who is made as a member of a group has its role from the first moment.
 *
 * @see {@link https://www.keycloak.org/docs-api/latest/rest-api/index.html | Keycloak Admin REST API}
 */
export class KeycloakDirectory implements PeopleDirectory {
  readonly #options: KeycloakDirectoryOptions;
  readonly #call: ResilientCall = createResilience({
    target: "keycloak",
    deadlineMs,
    tryTimeoutMs,
    isTransient: (thrown) => !(thrown instanceof Refusal) || thrown.status >= 500,
  });

  constructor(options: KeycloakDirectoryOptions) {
    this.#options = options;
  }

  async add({ email, name, password }: NewPerson): Promise<UserId> {
    const person = {
      ...nameParts(name),
      username: email,
      email,
      emailVerified: false,
      enabled: true,
      groups: ["/customer"],
      credentials: [{ type: "password", value: password, temporary: false }],
    };
    try {
      const { location } = await this.#ask("POST", "/users", person);
      return UserId.parse(location?.slice(location.lastIndexOf("/") + 1));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      if (thrown.status === 409) {
        throw new AuthError("email_taken", "There is an account with this e-mail address");
      }
      if (thrown.status !== 400) throw thrown;
      const message = "The password is not one that the identity provider takes";
      throw new AuthError("password_refused", message, undefined, { cause: thrown });
    }
  }

  async rename(id: UserId, name: string): Promise<void> {
    await this.#change(id, nameParts(name));
  }

  async replaceRoles(id: UserId, roles: readonly UserRole[]): Promise<void> {
    const wanted = (name: string) => roles.some((role) => role === name);
    const mapped = await this.#ask("GET", `/users/${id}/role-mappings/realm`);
    const direct = RolesReply.parse(mapped.body).filter(({ name }) => isOurs(name));
    const member = await this.#ask("GET", `/users/${id}/groups`);
    const groups = GroupsReply.parse(member.body).filter(({ name }) => isOurs(name));
    // What is taken away goes first: a crash in between leaves less, never more.
    const extra = direct.filter(({ name }) => !wanted(name));
    if (extra.length > 0) await this.#ask("DELETE", `/users/${id}/role-mappings/realm`, extra);
    for (const group of groups.filter(({ name }) => !wanted(name))) {
      await this.#ask("DELETE", `/users/${id}/groups/${group.id}`);
    }
    const held = [...direct, ...groups].map(({ name }) => name);
    const missing = await this.#roles(roles.filter((role) => !held.includes(role)));
    if (missing.length > 0) await this.#ask("POST", `/users/${id}/role-mappings/realm`, missing);
    await this.#ask("POST", `/users/${id}/logout`);
  }

  async disable(id: UserId): Promise<void> {
    await this.#change(id, { enabled: false });
    await this.#ask("POST", `/users/${id}/logout`);
  }

  async resetFactors(id: UserId): Promise<void> {
    const { body } = await this.#ask("GET", `/users/${id}/credentials`);
    for (const { id: credential, type } of CredentialsReply.parse(body)) {
      if (type !== "password") await this.#ask("DELETE", `/users/${id}/credentials/${credential}`);
    }
    await this.#ask("POST", `/users/${id}/logout`);
  }

  async #roles(names: readonly UserRole[]): Promise<readonly Role[]> {
    return await Promise.all(names.map(async (name) => {
      return RoleReply.parse((await this.#ask("GET", `/roles/${name}`)).body);
    }));
  }

  /** Keycloak takes a user as a whole: what is left out may be lost. */
  async #change(id: UserId, change: Readonly<Record<string, unknown>>): Promise<void> {
    const current = UserReply.parse((await this.#ask("GET", `/users/${id}`)).body);
    await this.#ask("PUT", `/users/${id}`, { ...current, ...change });
  }

  /** @throws {AuthError} `busy`; {@linkcode Refusal} when Keycloak says no. */
  async #ask(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      return await this.#call((signal) => this.#try(method, path, body, signal), {
        repeatable: method !== "POST",
      });
    } catch (thrown) {
      if (!isOutOfReach(thrown)) throw thrown;
      const message = "The identity provider is out of reach";
      throw new AuthError("busy", message, retryAfterSeconds, { cause: thrown });
    }
  }

  async #try(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const { adminUrl, fetch, token } = this.#options;
    const response = await fetch(`${adminUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await token(signal)}`,
        accept: "application/json",
        ...body !== undefined && { "content-type": "application/json" },
      },
      ...body !== undefined && { body: JSON.stringify(body) },
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new Refusal(response.status, `${method} ${path}`);
    return {
      location: response.headers.get("location"),
      body: text === "" ? undefined : JSON.parse(text),
    };
  }
}

interface Answer {
  readonly location: string | null;
  readonly body: unknown;
}

/** Keycloak has understood, and will not. */
class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly status: number, call: string) {
    super(`Keycloak answered ${status} to ${call}`);
  }
}

function isOutOfReach(thrown: unknown): boolean {
  if (thrown instanceof Refusal) return thrown.status >= 500;
  return thrown instanceof TypeError || thrown instanceof CallTimeoutError ||
    thrown instanceof CircuitOpenError;
}

function isOurs(name: string): boolean {
  return UserRole.options.some((role) => role === name);
}

/** Keycloak knows two names; ours is the two with a space between them, as its tokens say it. */
function nameParts(name: string): { readonly firstName: string; readonly lastName: string } {
  const space = name.lastIndexOf(" ");
  if (space < 0) return { firstName: name, lastName: "" };
  return { firstName: name.slice(0, space).trimEnd(), lastName: name.slice(space + 1) };
}
