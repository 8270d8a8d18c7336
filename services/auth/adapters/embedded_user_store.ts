import { type Reach, within } from "platform/access";
import type { EmbeddedOutbox } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import { type Database, isUniqueViolation } from "platform/store";
import {
  Account,
  type AccountChange,
  AuthError,
  emailKey,
  User,
  type UserEvent,
  type UserId,
} from "../domain/mod.ts";
import type { UpdateOptions, UserStore } from "../ports.ts";

/** Keeps people in one SQLite file: the default, for development and single-node use. */
export class EmbeddedUserStore implements UserStore {
  readonly #db: Database;
  readonly #outbox: EmbeddedOutbox;

  constructor(db: Database, outbox: EmbeddedOutbox) {
    this.#db = db;
    this.#outbox = outbox;
  }

  // deno-lint-ignore require-await -- what the transaction throws must come as a rejection.
  async insert({ account, event }: AccountChange): Promise<User> {
    const { id, email, createdAt } = account;
    const row = { id, emailKey: emailKey(email), createdAt, document: JSON.stringify(account) };
    return this.#db.transaction(() => {
      try {
        this.#db.run(
          `insert into users (id, email_key, created_at, document)
           values (:id, :emailKey, :createdAt, :document)`,
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

  find(id: string, reach: Reach): Promise<Account | undefined> {
    return Promise.resolve(this.#within(id, reach));
  }

  findByEmail(email: string): Promise<Account | undefined> {
    return Promise.resolve(this.#byEmail(email));
  }

  list(reach: Reach, { limit, cursor }: PageQuery): Promise<Page<User>> {
    const rows = this.#db.all(
      `select document from users
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
    const users = rows.map((row) => User.parse(JSON.parse(String(row["document"]))));
    return Promise.resolve(toPage(users, limit, ({ createdAt, id }) => ({ at: createdAt, id })));
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
      if (event) {
        this.#db.run(
          "update users set email_key = :emailKey, document = :document where id = :id",
          { id, emailKey: emailKey(changed.email), document: JSON.stringify(changed) },
        );
        this.#tell(event);
      }
      if (revokesGrants) this.#db.run("delete from artifacts where owner = :id", { id });
      return User.parse(changed);
    });
  }

  #within(id: string, reach: Reach): Account | undefined {
    if (!within(reach, id)) return undefined;
    const row = this.#db.get("select document from users where id = :id", { id });
    return row && Account.parse(JSON.parse(String(row["document"])));
  }

  #byEmail(email: string): Account | undefined {
    const row = this.#db.get("select document from users where email_key = :key", {
      key: emailKey(email),
    });
    return row && Account.parse(JSON.parse(String(row["document"])));
  }

  #tell(event: UserEvent | undefined): void {
    if (!event) return;
    const { kind, userId, roles, status, version, at } = event;
    this.#outbox.add({
      type: `sallyport.auth.user.${kind}`,
      subject: userId,
      at,
      data: { id: userId, roles, status, version },
    });
  }
}
