import { type Reach, within } from "platform/access";
import type { Resealable } from "platform/crypto";
import { toCloudEvent } from "platform/events";
import { type Page, type PageQuery, toPage } from "platform/http";
import { pause } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import {
  type Account,
  type AccountChange,
  AuthError,
  emailKey,
  User,
  type UserId,
} from "../domain/mod.ts";
import type { UpdateOptions, UserStore } from "../ports.ts";
import { type AccountStep, collections, stepId } from "./mongodb_collections.ts";
import { type Head, MongodbAccountSteps } from "./mongodb_account_steps.ts";
import type { MongodbLink } from "./mongodb_link.ts";
import { laneOf, type MongodbOutbox } from "./mongodb_outbox.ts";
import { openSealed, resealAll, sealedOf } from "./mongodb_sealed.ts";
import { happeningOf } from "./user_happening.ts";

/** Each time that it fails, somebody else's change has come through: enough for a hundred at once. */
const attemptsMax = 100;
const pauseMsMax = 50;

export interface MongodbUserStoreOptions {
  readonly link: MongodbLink;
  readonly ciphers: Pick<Ciphers, "accounts" | "emails">;
  readonly outbox: MongodbOutbox;
  readonly now: () => Date;
  /** At least 0, less than 1. */
  readonly random?: () => number;
}

/** Keeps people in MongoDB. Each change is the insert of one document, see {@linkcode AccountStep}. */
export class MongodbUserStore implements UserStore, Resealable {
  readonly #link: MongodbLink;
  readonly #steps: MongodbAccountSteps;
  readonly #ciphers: MongodbUserStoreOptions["ciphers"];
  readonly #outbox: MongodbOutbox;
  readonly #now: () => Date;
  readonly #random: () => number;

  constructor({ link, ciphers, outbox, now, random = Math.random }: MongodbUserStoreOptions) {
    this.#link = link;
    this.#steps = new MongodbAccountSteps(link);
    this.#ciphers = ciphers;
    this.#outbox = outbox;
    this.#now = now;
    this.#random = random;
  }

  async insert(change: AccountChange): Promise<User> {
    const { account } = change;
    if (await this.#append(this.#stepOf(change, { step: 1, revocations: 0, after: 0 }))) {
      return User.parse(account);
    }
    if (!await this.findByEmail(account.email)) {
      throw new Error("Cannot add account: there is one with its id");
    }
    throw new AuthError("email_taken", "There is an account with this e-mail address");
  }

  async find(id: string, reach: Reach): Promise<Account | undefined> {
    if (!within(reach, id)) return undefined;
    const head = await this.#steps.head({ user: id });
    return head && this.#open(head);
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const head = await this.#steps.head({ emailIndex: this.#emailIndexOf(email) });
    return head && this.#open(head);
  }

  async list(reach: Reach, { limit, cursor }: PageQuery): Promise<Page<User>> {
    const heads = await this.#steps.list({
      user: reach === "any" ? undefined : reach.owner,
      before: cursor && { createdAt: cursor.at, user: cursor.id },
      limit: limit + 1,
    });
    const users = heads.map((head) => User.parse(this.#open(head)));
    return toPage(users, limit, ({ createdAt, id }) => ({ at: createdAt, id }));
  }

  async update(
    id: UserId,
    reach: Reach,
    change: (account: Account) => AccountChange,
    { revokesGrants = false }: UpdateOptions = {},
  ): Promise<User | undefined> {
    if (!within(reach, id)) return undefined;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const head = await this.#steps.head({ user: id });
      if (!head) return undefined;
      const current = this.#open(head);
      const { account, event } = change(current);
      if (account === current && !revokesGrants) return User.parse(account);
      const next = this.#stepOf({ account, event }, {
        step: head.step + 1,
        revocations: head.revocations + (revokesGrants ? 1 : 0),
        after: head.at.getTime(),
      });
      if (next.emailIndex !== head.emailIndex) {
        throw new Error("Cannot change account: its address is its own for good");
      }
      if (await this.#append(next)) return User.parse(account);
      const pauseMs = this.#random() * Math.min(pauseMsMax, 2 ** attempt);
      await pause(pauseMs, new AbortController().signal);
    }
    throw new StoreUnavailableError("Cannot change account: others change it all the time");
  }

  reseal(limit: number): Promise<number> {
    const accounts = {
      collection: collections.accounts,
      cipher: this.#ciphers.accounts,
      recordOf: ({ user }: AccountStep) => user,
    };
    return resealAll(this.#link, accounts, limit);
  }

  #append(step: Head): Promise<boolean> {
    return this.#outbox.tellAfter(this.#steps.append(step));
  }

  #stepOf(
    { account, event }: AccountChange,
    { step, revocations, after }: Pick<AccountStep, "step" | "revocations"> & {
      readonly after: number;
    },
  ): Head {
    const { id, email, createdAt } = account;
    const told = event && toCloudEvent("auth", crypto.randomUUID(), happeningOf(event));
    return {
      _id: stepId(id, step),
      user: id,
      step,
      emailIndex: this.#emailIndexOf(email),
      createdAt,
      at: new Date(Math.max(this.#now().getTime(), after + 1)),
      revocations,
      ...sealedOf(this.#ciphers.accounts, id, account),
      lane: laneOf(id),
      event: told && JSON.stringify(told),
    };
  }

  #open(head: Head): Account {
    return openSealed(this.#ciphers.accounts, head.user, head);
  }

  #emailIndexOf(email: string): string {
    return this.#ciphers.emails.of(emailKey(email));
  }
}
