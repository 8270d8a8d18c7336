import { z } from "zod";
import { pageOf, PageQuery, type Route } from "platform/http";
import {
  NewOrder,
  NewProduct,
  Order,
  OrderEvent,
  OrderId,
  Product,
  ProductChange,
  ProductId,
} from "./domain/mod.ts";
import { orderProblems } from "./problems.ts";

const orderParams = z.strictObject({ orderId: OrderId });
const productParams = z.strictObject({ productId: ProductId });

/** An order's history is numbered: a cursor of another list is none of this one. */
const HistoryQuery = PageQuery.refine(({ cursor }) => !cursor || /^\d{1,15}$/.test(cursor.id), {
  path: ["cursor"],
  message: "Not a cursor of this list",
});

/** When a product was first offered is nobody's business. */
const ProductReply = Product.omit({ createdAt: true });

/** Every operation of the orders API. OpenAPI is printed from this table. */
export const routes = {
  listProducts: {
    method: "get",
    path: "/products",
    summary: "List products, newest first",
    query: PageQuery,
    status: 200,
    reply: pageOf(ProductReply),
  },
  readProduct: {
    method: "get",
    path: "/products/:productId",
    summary: "Read a product",
    params: productParams,
    status: 200,
    reply: ProductReply,
  },
  addProduct: {
    method: "post",
    path: "/products",
    summary: "Offer a product",
    body: NewProduct,
    status: 201,
    reply: ProductReply,
  },
  changeProduct: {
    method: "patch",
    path: "/products/:productId",
    summary: "Change a product's name, price or stock",
    params: productParams,
    body: ProductChange,
    ifMatch: "required",
    status: 200,
    reply: ProductReply,
  },
  placeOrder: {
    method: "post",
    path: "/orders",
    summary: "Place an order: reserve its stock, then pay it",
    body: NewOrder,
    idempotent: true,
    status: 201,
    reply: Order,
    problems: [
      orderProblems.unknown_product,
      orderProblems.mixed_currencies,
      orderProblems.out_of_stock,
    ],
  },
  listOrders: {
    method: "get",
    path: "/orders",
    summary: "List orders, newest first",
    query: PageQuery,
    status: 200,
    reply: pageOf(Order),
  },
  readOrder: {
    method: "get",
    path: "/orders/:orderId",
    summary: "Read an order",
    params: orderParams,
    status: 200,
    reply: Order,
  },
  readOrderEvents: {
    method: "get",
    path: "/orders/:orderId/events",
    summary: "Read an order's history, oldest first",
    params: orderParams,
    query: HistoryQuery,
    status: 200,
    reply: pageOf(OrderEvent),
  },
  cancelOrder: {
    method: "post",
    path: "/orders/:orderId/cancel",
    summary: "Cancel an order: release its stock, undo its payment",
    params: orderParams,
    status: 200,
    reply: Order,
    problems: [orderProblems.not_cancellable],
  },
  fulfilOrder: {
    method: "post",
    path: "/orders/:orderId/fulfil",
    summary: "Hand a confirmed order over",
    params: orderParams,
    status: 200,
    reply: Order,
    problems: [orderProblems.not_fulfillable],
  },
} as const satisfies Record<string, Route>;
