/** How far a group is in each source, what its readers are at, what has failed, and what is dead. */
export const groupSchemas = [
  "create table handled (source text primary key, position integer not null) strict;",
  `
  alter table handled rename to progress;
  create table deliveries (
    source text not null,
    position integer not null,
    event text not null,
    /* Which reader is at it. Null: it failed, and waits to be due. */
    holder text,
    attempts integer not null default 0,
    first_failed_at_ms integer,
    due_at_ms integer not null,
    primary key (source, position)
  ) strict, without rowid;
  create table dead_letters (
    id integer primary key autoincrement,
    source text not null,
    position integer not null,
    event text not null,
    reason text not null,
    attempts integer not null,
    at_ms integer not null
  ) strict;
  `,
];
