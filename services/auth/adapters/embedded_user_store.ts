import { type Reach, within } from "platform/access";
import type { BlindIndex } from "platform/crypto";
import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import { type Database, isUniqueViolation, type SealedColumn } from "platform/store";
import {
  type Account,
  type AccountChange,
  AuthError,
  emailKey,
  User,
  type UserEvent,
  type UserId,
} from "../domain/mod.ts";
import type { UpdateOptions, UserStore } from "../ports.ts";
import { happeningOf } from "./user_happening.ts";

const select = "select id, key_id, document from users";

/** How people are kept sealed, and found by their address all the same. */
export interface SealedAccounts {
  readonly accounts: SealedColumn<Account>;
  readonly emails: BlindIndex;
}

/** Keeps people in one SQLite file: the default, for development and single-node use. */
export class EmbeddedUserStore implements UserStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;
  readonly #accounts: SealedColumn<Account>;
  readonly #emails: BlindIndex;

  constructor(db: Database, outbox: EmbeddedOutbox, { accounts, emails }: SealedAccounts) {
    this.#db = db;
    this.#outbox = outbox;
    this.#accounts = accounts;
    this.#emails = emails;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async insert({ account, event }: AccountChange): Promise<User> {
    const { email, createdAt } = account;
    const row = { ...this.#valuesOf(account), createdAt };
    return this.#db.transaction(() => {
      try {
        this.#db.run(
          `insert into users (id, email_key, created_at, key_id, document)
           values (:id, :emailKey, :createdAt, :keyId, :sealed)`,
          row,
        );
      } catch (thrown) {
        if (!isUniqueViolation(thrown) || !this.#byEmail(email)) throw thrown;
        throw new AuthError("email_taken", "There is an account with this e-mail address");
      }
      this.#tell(event);
      return User.parse(account);
    });
  }

  // deno-lint-ignore require-await -- what opening throws must come as a rejection.
  async find(id: string, reach: Reach): Promise<Account | undefined> {
    return this.#within(id, reach);
  }

  // deno-lint-ignore require-await -- what opening throws must come as a rejection.
  async findByEmail(email: string): Promise<Account | undefined> {
    return this.#byEmail(email);
  }

  // deno-lint-ignore require-await -- what opening throws must come as a rejection.
  async list(reach: Reach, { limit, cursor }: PageQuery): Promise<Page<User>> {
    const rows = this.#db.all(
      `${select}
       where (:owner is null or id = :owner)
         and (:at is null or (created_at, id) < (:at, :id))
       order by created_at desc, id desc limit :limit`,
      {
        owner: reach === "any" ? null : reach.owner,
        at: cursor?.at ?? null,
        id: cursor?.id ?? null,
        limit: limit + 1,
      },
    );
    const users = rows.map((row) => User.parse(this.#accounts.open(row)));
    return toPage(users, limit, ({ createdAt, id }) => ({ at: createdAt, id }));
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async update(
    id: UserId,
    reach: Reach,
    change: (account: Account) => AccountChange,
    { revokesGrants = false }: UpdateOptions = {},
  ): Promise<User | undefined> {
    return this.#db.transaction(() => {
      const account = this.#within(id, reach);
      if (!account) return undefined;
      const { account: changed, event } = change(account);
      if (changed !== account) {
        this.#db.run(
          `update users set email_key = :emailKey, key_id = :keyId, document = :sealed
           where id = :id`,
          this.#valuesOf(changed),
        );
      }
      this.#tell(event);
      if (revokesGrants) this.#db.run("delete from artifacts where owner = :id", { id });
      return User.parse(changed);
    });
  }

  #within(id: string, reach: Reach): Account | undefined {
    if (!within(reach, id)) return undefined;
    const row = this.#db.get(`${select} where id = :id`, { id });
    return row && this.#accounts.open(row);
  }

  #byEmail(email: string): Account | undefined {
    const row = this.#db.get(`${select} where email_key = :key`, {
      key: this.#emails.of(emailKey(email)),
    });
    return row && this.#accounts.open(row);
  }

  #valuesOf(account: Account): Record<string, string> {
    const { id, email } = account;
    return { ...this.#accounts.seal(id, account), id, emailKey: this.#emails.of(emailKey(email)) };
  }

  #tell(event: UserEvent | undefined): void {
    if (event) this.#outbox.add(happeningOf(event));
  }
}
