import type { Ciphers } from "../ciphers.ts";
import type { Stores } from "./mod.ts";
import { MongodbAuditLog } from "./mongodb_audit_log.ts";
import { prepare } from "./mongodb_collections.ts";
import { MongodbGrantStore } from "./mongodb_grant_store.ts";
import { MongodbLink, type MongodbLinkOptions } from "./mongodb_link.ts";
import { MongodbMailStore } from "./mongodb_mail_store.ts";
import { MongodbOutbox } from "./mongodb_outbox.ts";
import { MongodbUserStore } from "./mongodb_user_store.ts";

export interface MongodbStoresOptions {
  readonly link: MongodbLinkOptions;
  readonly ciphers: Ciphers;
  readonly now: () => Date;
}

/** @throws {StoreUnavailableError} when the server is away: nothing can be kept before it was reached. */
export async function openMongodbStores(
  { link: options, ciphers, now }: MongodbStoresOptions,
): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const link = opening.use(new MongodbLink(options));
  await prepare(link);
  const grants = new MongodbGrantStore({ link, cipher: ciphers.artifacts, now });
  const outbox = new MongodbOutbox(link, now);
  const mails = new MongodbMailStore(link, ciphers.mails);
  const users = new MongodbUserStore({ link, ciphers, outbox, now });
  const opened = opening.move();
  return {
    users,
    grants,
    mails,
    audit: new MongodbAuditLog(link, ciphers.audit),
    outbox,
    sealed: [users, grants, mails],
    checks: [{
      name: "mongodb",
      check: async () => void await link.run((db) => db.command({ ping: 1 })),
    }],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
