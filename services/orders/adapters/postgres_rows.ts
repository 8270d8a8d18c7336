import { z } from "zod";
import type { PageQuery } from "platform/http";
import { Order, OrderEvent, OrderId, Product } from "../domain/mod.ts";

const Timestamp = z.date().transform((at) => at.toISOString());

/** A row of `products`, as the domain knows it. */
export const ProductRow = z.object({
  id: z.string(),
  price_minor: z.number(),
  currency: z.string(),
  stock: z.number(),
  created_at: Timestamp,
  version: z.number(),
  document: z.object({ name: z.string() }),
}).transform((
  { price_minor: priceMinor, created_at: createdAt, document, ...row },
) => ({ ...row, ...document, priceMinor, createdAt })).pipe(Product);

/** A row of `orders`, as the domain knows it. */
export const OrderRow = z.object({
  id: z.string(),
  customer_id: z.string(),
  status: z.string(),
  total_minor: z.number(),
  currency: z.string(),
  payment_id: z.string().nullable(),
  created_at: Timestamp,
  updated_at: Timestamp,
  version: z.number(),
  document: z.object({ lines: z.unknown() }),
}).transform(({ document, ...row }) => ({
  id: row.id,
  customerId: row.customer_id,
  status: row.status,
  ...document,
  totalMinor: row.total_minor,
  currency: row.currency,
  paymentId: row.payment_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  version: row.version,
})).pipe(Order);

/** What is kept of a saga, sealed. */
export const SealedSaga = z.record(z.string(), z.unknown());

/** A row of `orders` beside the sealed document of its saga, with which number of their writes. */
export const CourseRow = z.object({
  revision: z.number(),
  key_id: z.string(),
  saga: SealedSaga,
});

export const EventRow = z.object({ position: z.number(), event: OrderEvent });

export const SagaIdRow = z.object({ order_id: OrderId });

/** What the columns take: PostgreSQL knows no year 0, and lists of ours end at uuids. */
const Place = z.object({ at: z.string().regex(/^(?!0000)/), id: z.uuid() });

/**
 * Where a page of products or orders starts. Nothing comes after a place that no list of ours can have
 * ended at: then it is `nowhere`.
 */
export function placeOf({ cursor }: PageQuery): z.output<typeof Place> | "start" | "nowhere" {
  if (!cursor) return "start";
  const place = Place.safeParse(cursor);
  return place.success ? place.data : "nowhere";
}
