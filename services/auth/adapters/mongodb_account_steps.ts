import { StoreUnavailableError } from "platform/store";
import { AccountStep, collections, type Sealed } from "./mongodb_collections.ts";
import { isDuplicateKey, type MongodbLink } from "./mongodb_link.ts";

/** A step that says what the account is: none has taken its place. */
export type Head = AccountStep & Sealed;

export interface CreatedPlace {
  readonly createdAt: string;
  readonly user: string;
}

/** A step is stripped only once there is a later one: who reads again, reads that. */
const readsMax = 5;

/** The accounts, each as the steps that it has gone through. */
export class MongodbAccountSteps {
  readonly #link: MongodbLink;

  constructor(link: MongodbLink) {
    this.#link = link;
  }

  /** The account as it is now. */
  async head(of: { readonly user: string } | { readonly emailIndex: string }): Promise<
    Head | undefined
  > {
    for (let reads = 0; reads < readsMax; reads++) {
      const [found] = await this.#link.run((db) =>
        collections.accounts(db).find(of).sort({ step: -1 }).limit(1).toArray()
      );
      if (!found) return undefined;
      const step = AccountStep.parse(found);
      if (isWhole(step)) return step;
    }
    throw new StoreUnavailableError("Cannot read account: it changes all the time");
  }

  /**
   * Accounts in the order in which they were made, the newest first.
   *
   * @param before what the last account of the former page was.
   */
  async list(
    { user, before, limit }: {
      readonly user?: string | undefined;
      readonly before?: CreatedPlace | undefined;
      readonly limit: number;
    },
  ): Promise<readonly Head[]> {
    const later = before && {
      $or: [
        { createdAt: { $lt: before.createdAt } },
        { createdAt: before.createdAt, user: { $lt: before.user } },
      ],
    };
    // The first step of an account is always there, and tells its place.
    const first = await this.#link.run((db) =>
      collections.accounts(db).find({ step: 1, ...user !== undefined && { user }, ...later })
        .sort({ createdAt: -1, user: -1 }).limit(limit).project({ user: 1 }).toArray()
    );
    return await this.#heads(first.map(({ user }) => String(user)));
  }

  /** Adds the step. @returns false when another was faster: the account is a different one by now. */
  async append(step: Head): Promise<boolean> {
    try {
      await this.#link.run((db) => collections.accounts(db).insertOne(step));
      return true;
    } catch (thrown) {
      if (isDuplicateKey(thrown)) return false;
      throw thrown;
    }
  }

  /** How often the person's grants have been revoked. */
  async revocations(user: string): Promise<number> {
    const [head] = await this.#link.run((db) =>
      collections.accounts(db).find({ user }).sort({ step: -1 }).limit(1)
        .project({ revocations: 1 }).toArray()
    );
    return AccountStep.shape.revocations.parse(head?.["revocations"] ?? 0);
  }

  async #heads(users: readonly string[]): Promise<readonly Head[]> {
    const found = await this.#link.run((db) =>
      collections.accounts(db).find({ user: { $in: [...users] } }).sort({ step: 1 }).toArray()
    );
    const latest = new Map(found.map((step) => [step.user, AccountStep.parse(step)]));
    const heads = users.map((user) => {
      const step = latest.get(user);
      return step && isWhole(step) ? step : this.head({ user });
    });
    return (await Promise.all(heads)).filter((head) => head !== undefined);
  }
}

function isWhole(step: AccountStep): step is Head {
  return step.keyId !== undefined && step.document !== undefined;
}
