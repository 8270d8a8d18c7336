create table idempotency_keys (
  scope text not null,
  key text not null,
  fingerprint text not null,
  resource_id text not null,
  leased_until timestamptz not null,
  created_at timestamptz not null,
  answer json,
  primary key (scope, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
