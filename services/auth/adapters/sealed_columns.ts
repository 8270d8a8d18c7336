import { type Database, type Migration, SealedColumn } from "platform/store";
import {
  type ArtifactDocument,
  ArtifactDocument as Artifact,
  type Ciphers,
  type MailDocument,
} from "../ciphers.ts";
import { Account, emailKey } from "../domain/mod.ts";

export function sealedAccounts(db: Database, { accounts }: Ciphers): SealedColumn<Account> {
  return new SealedColumn(db, { table: "users", id: "id", column: "document", cipher: accounts });
}

export function sealedArtifacts(
  db: Database,
  { artifacts }: Ciphers,
): SealedColumn<ArtifactDocument> {
  return new SealedColumn(db, {
    table: "artifacts",
    id: "key",
    column: "payload",
    cipher: artifacts,
  });
}

export function sealedMails(db: Database, { mails }: Ciphers): SealedColumn<MailDocument> {
  return new SealedColumn(db, { table: "mails", id: "id", column: "document", cipher: mails });
}

/**
 * Afterwards people and artifacts are sealed, and people are found by a blind index of their address. The
 * tables are made anew: what is replaced in a page may stay behind in another that it was moved from.
 */
export function sealAll(ciphers: Ciphers): Migration {
  return (db) => {
    sealAccounts(db, ciphers);
    sealArtifacts(db, ciphers);
  };
}

function sealAccounts(db: Database, ciphers: Ciphers): void {
  db.exec(`
    alter table users rename to former_users;
    create table users (
      id text primary key,
      email_key text not null unique,
      created_at text not null,
      key_id text not null,
      document text not null
    ) strict;
  `);
  const column = sealedAccounts(db, ciphers);
  for (const { document } of db.all("select document from former_users")) {
    const account = Account.parse(JSON.parse(String(document)));
    const { id, email, createdAt } = account;
    db.run(
      `insert into users (id, email_key, created_at, key_id, document)
       values (:id, :emailKey, :createdAt, :keyId, :sealed)`,
      { ...column.seal(id, account), id, emailKey: ciphers.emails.of(emailKey(email)), createdAt },
    );
  }
  db.exec(`
    drop table former_users;
    create index users_by_age on users (created_at, id);
    create index users_by_key on users (key_id);
  `);
}

function sealArtifacts(db: Database, ciphers: Ciphers): void {
  db.exec(`
    alter table artifacts rename to former_artifacts;
    create table artifacts (
      key text primary key,
      uid_key text,
      user_code_key text,
      grant_id text,
      owner text,
      key_id text not null,
      payload text not null,
      expires_at_ms integer not null
    ) strict, without rowid;
  `);
  const column = sealedArtifacts(db, ciphers);
  for (const { key, payload, ...others } of db.all("select * from former_artifacts")) {
    const artifact = Artifact.parse({ payload: JSON.parse(String(payload)) });
    db.run(
      `insert into artifacts
         (key, uid_key, user_code_key, grant_id, owner, key_id, payload, expires_at_ms)
       values (:key, :uid_key, :user_code_key, :grant_id, :owner, :keyId, :sealed, :expires_at_ms)`,
      { ...others, ...column.seal(String(key), artifact), key: String(key) },
    );
  }
  db.exec(`
    drop table former_artifacts;
    create index artifacts_by_uid on artifacts (uid_key) where uid_key is not null;
    create index artifacts_by_user_code on artifacts (user_code_key) where user_code_key is not null;
    create index artifacts_by_grant on artifacts (grant_id) where grant_id is not null;
    create index artifacts_by_owner on artifacts (owner) where owner is not null;
    create index artifacts_by_expiry on artifacts (expires_at_ms);
    create index artifacts_by_key on artifacts (key_id);
  `);
}
