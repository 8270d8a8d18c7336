import { equal, notEqual } from "node:assert/strict";
import { clientAddressOf } from "./client_address.ts";

const headers = new Headers({ "x-forwarded-for": "203.0.113.9, 192.0.2.7" });

Deno.test("clientAddressOf() takes the gateway's own word, the last of the list", () => {
  const gateway = { spiffeId: "spiffe://sallyport/gateway", clientIp: "127.0.0.1" };
  equal(clientAddressOf(headers, gateway), "192.0.2.7");
  equal(clientAddressOf(new Headers(), gateway), "127.0.0.1");
});

Deno.test("clientAddressOf() takes nobody else's word", () => {
  const orders = { spiffeId: "spiffe://sallyport/orders", clientIp: "127.0.0.1" };
  equal(clientAddressOf(headers, orders), "127.0.0.1");
});

Deno.test("clientAddressOf() takes all addresses of one IPv6 /64 for one", () => {
  const gateway = { spiffeId: "spiffe://sallyport/gateway", clientIp: "127.0.0.1" };
  const from = (address: string) =>
    clientAddressOf(new Headers({ "x-forwarded-for": address }), gateway);
  equal(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::9"));
  notEqual(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
});
