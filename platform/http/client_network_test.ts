import { equal } from "node:assert/strict";
import { clientNetwork } from "./client_network.ts";

Deno.test("an IPv6 client is its /64, however its address is written", () => {
  equal(clientNetwork("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  equal(clientNetwork("2001:0DB8:0001:0002:ffff::1"), "2001:db8:1:2::/64");
  equal(clientNetwork("2001:db8::1"), "2001:db8:0:0::/64");
  equal(clientNetwork("fe80::1%eth0"), "fe80:0:0:0::/64");
  equal(clientNetwork("::1"), "0:0:0:0::/64");
});

Deno.test("an IPv4 client is its address, inside IPv6 too", () => {
  equal(clientNetwork("192.0.2.1"), "192.0.2.1");
  equal(clientNetwork("::ffff:192.0.2.1"), "192.0.2.1");
  equal(clientNetwork("0:0:0:0:0:ffff:192.0.2.1"), "192.0.2.1");
  equal(clientNetwork(""), "");
});
