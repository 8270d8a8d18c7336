import { outboxSchema } from "platform/events";
import { Database } from "platform/store";
import type { Ciphers } from "../ciphers.ts";
import { auditSchema } from "./embedded_audit_log.ts";
import { mailSchema } from "./embedded_mail_store.ts";
import { sealAll } from "./sealed_columns.ts";

const schema = `
  create table users (
    id text primary key,
    email_key text not null unique,
    created_at text not null,
    document text not null
  ) strict;
  create index users_by_age on users (created_at, id);

  create table artifacts (
    key text primary key,
    uid_key text,
    user_code_key text,
    grant_id text,
    owner text,
    payload text not null,
    expires_at_ms integer not null
  ) strict, without rowid;
  create index artifacts_by_uid on artifacts (uid_key) where uid_key is not null;
  create index artifacts_by_user_code on artifacts (user_code_key) where user_code_key is not null;
  create index artifacts_by_grant on artifacts (grant_id) where grant_id is not null;
  create index artifacts_by_owner on artifacts (owner) where owner is not null;
  create index artifacts_by_expiry on artifacts (expires_at_ms);

  create table consumed_artifacts (
    key text primary key,
    remember_until_ms integer not null
  ) strict, without rowid;
  create index consumed_artifacts_by_expiry on consumed_artifacts (remember_until_ms);
`;

/** When something was used up; and which families are revoked, so that nothing of them is put any more. */
const revocations = `
  alter table consumed_artifacts add column consumed_at_ms integer not null default 0;
  create table revoked_grants (
    grant_id text primary key,
    remember_until_ms integer not null
  ) strict, without rowid;
  create index revoked_grants_by_expiry on revoked_grants (remember_until_ms);
`;

/** The one file in which the embedded adapters of auth keep everything, so that they share transactions. */
export function openEmbeddedDatabase(path: string, ciphers: Ciphers): Database {
  return Database.open(path, [
    schema + outboxSchema,
    sealAll(ciphers),
    mailSchema,
    revocations,
    auditSchema,
  ]);
}
