-- Columns for what is looked up, guarded or counted; `document` for the rest, which only the program
-- reads. It is json and not jsonb: that takes every text, and gives it back as it came.

create table products (
  id uuid primary key,
  price_minor bigint not null check (price_minor > 0),
  currency text not null check (currency in ('EUR', 'USD', 'GBP')),
  stock bigint not null constraint products_stock check (stock >= 0),
  created_at timestamptz not null,
  version bigint not null check (version > 0),
  document json not null
);
create index products_by_age on products (created_at, id);

create table orders (
  id uuid primary key,
  customer_id text not null,
  status text not null check (
    status in ('pending', 'authorized', 'confirmed', 'fulfilled', 'payment_failed', 'cancelled')
  ),
  total_minor bigint not null check (total_minor >= 0),
  currency text not null check (currency in ('EUR', 'USD', 'GBP')),
  payment_id text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null check (version > 0),
  -- Counts the writes of order and saga, those included that the order's version does not tell of.
  revision bigint not null default 1,
  document json not null
);
create index orders_by_age on orders (created_at, id);
create index orders_by_customer on orders (customer_id, created_at, id);

create table order_events (
  position bigint generated always as identity primary key,
  order_id uuid not null references orders (id),
  event json not null
);
create index order_events_by_order on order_events (order_id, position);

create table sagas (
  order_id uuid primary key references orders (id),
  is_done boolean not null,
  due_at timestamptz not null,
  leased_until timestamptz not null default 'epoch',
  -- The key that the document is sealed under.
  key_id text not null,
  document json not null
);
create index sagas_by_due on sagas (due_at) where not is_done;
create index sagas_by_key on sagas (key_id);
