import { type Reach, within } from "platform/access";
import { Cache, type CacheStore, sealedCodec } from "platform/cache";
import type { DocumentCipher } from "platform/crypto";
import { consumeEvents, type EventReader } from "platform/events";
import type { Periodic } from "platform/lifecycle";
import type { Logger } from "platform/telemetry";
import type { UserCopy } from "./ciphers.ts";
import { User } from "./domain/mod.ts";
import type { UserReads, UserStore } from "./ports.ts";

/** How long a copy may live that no event tells of: after a crash at the wrong moment. */
export const userTtlMs = 30_000;

const followEveryMs = 50;

/** The replicas, as readers of their own events. */
export const copiesGroup = { source: "auth", group: "auth.copies" };

/** What the copies hold is everybody's; who sees it is asked afterwards. */
const everything: Reach = "any";

/**
 * Copies of people by id, sealed, for those who only read one. Without password hashes: signing in and
 * whatever gives out tokens asks the store.
 */
export class CachedReads {
  readonly #users: Cache<User>;

  constructor(store: CacheStore, cipher: DocumentCipher<UserCopy>, log: Logger) {
    this.#users = new Cache({
      name: "auth.user",
      store,
      codec: sealedCodec(cipher),
      ttlMs: userTtlMs,
      log,
    });
  }

  /** Reads through the copies. Who may see a person is asked each time. */
  over(users: UserStore): UserReads {
    return {
      find: async (id, reach) => {
        if (!within(reach, id)) return undefined;
        return await this.#users.read(id, async () => {
          const account = await users.find(id, everything);
          return account && User.parse(account);
        });
      },
    };
  }

  /** The store itself; a write makes the copy void before it is answered, and when nobody knows whether it was made. */
  invalidatedBy(users: UserStore): UserStore {
    return {
      insert: users.insert.bind(users),
      find: users.find.bind(users),
      findByEmail: users.findByEmail.bind(users),
      list: users.list.bind(users),
      update: async (id, reach, change, options) => {
        try {
          return await users.update(id, reach, change, options);
        } finally {
          await this.#users.invalidate([id]);
        }
      },
    };
  }

  /** Makes copies void by our own events, too: whoever made a change may have died before it came to that. */
  follow({ reader, log }: { readonly reader: EventReader; readonly log: Logger }): Periodic {
    const source = "sallyport://auth";
    return consumeEvents({ source, reader, log, everyMs: followEveryMs }, async ({ event }) => {
      await this.#users.invalidate([event.subject]);
    });
  }
}
