import type { EmbeddedStoresConfig } from "platform/config";
import { EmbeddedOutbox } from "platform/events";
import type { Ciphers } from "../ciphers.ts";
import { EmbeddedAuditLog } from "./embedded_audit_log.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedGrantStore } from "./embedded_grant_store.ts";
import { EmbeddedMailStore } from "./embedded_mail_store.ts";
import { EmbeddedUserStore } from "./embedded_user_store.ts";
import { sealedAccounts, sealedArtifacts, sealedMails } from "./sealed_columns.ts";
import type { Stores } from "./stores.ts";

export function openEmbeddedStores(
  { path }: EmbeddedStoresConfig,
  ciphers: Ciphers,
): Stores {
  const db = openEmbeddedDatabase(path, ciphers);
  const accounts = sealedAccounts(db, ciphers);
  const artifacts = sealedArtifacts(db, ciphers);
  const mails = sealedMails(db, ciphers);
  const outbox = new EmbeddedOutbox(db, "auth");
  return {
    users: new EmbeddedUserStore(db, outbox, { accounts, emails: ciphers.emails }),
    grants: new EmbeddedGrantStore(db, artifacts),
    mails: new EmbeddedMailStore(db, mails),
    audit: new EmbeddedAuditLog(db, ciphers.audit),
    outbox,
    sealed: [accounts, artifacts, mails],
    // A file that is open does not go away.
    checks: [],
    [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
