-- Events on their way out. Those of one subject are in one lane.
create table outbox (
  position bigint generated always as identity primary key,
  lane smallint not null check (lane between 0 and 15),
  event json not null
);
create index outbox_by_lane on outbox (lane, position);

-- Locked by the relay that is at a lane. No foreign key leads here: it would have whoever writes an event
-- wait for the relay.
create table outbox_lanes (lane smallint primary key);
insert into outbox_lanes (lane) select generate_series(0, 15);

create table inbox_events (
  id text primary key,
  handled_at timestamptz not null
);
create index inbox_events_by_age on inbox_events (handled_at);
