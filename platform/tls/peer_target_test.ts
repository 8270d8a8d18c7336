import { deepEqual, throws } from "node:assert/strict";
import { originsMax, peerTarget } from "./peer_target.ts";

const targets = [
  "https://orders:8443/orders/1?size=2&tags=a,b",
  "https://orders:8443",
  "https://orders:8443?a=b",
  "https://orders/a//b;c=d/(e)!*~$",
  "https://orders:443/a",
  "https://ORDERS/a",
  "https://user:word@orders/a",
  "https://orders\\@other/a",
  "https://[::1]:8443/a",
  "https://127.0.0.1/a",
  "https://0x7f.1/a",
  "https://orders/a/../b/./c",
  "https://orders/a/%2e%2E/b",
  "https://orders/.well-known/jwks.json",
  "https://orders/a b?c d'e\"f<g>",
  "https://orders/%41%zz?%",
  "https://orders/ä?ö=ü",
  "https://orders/a#b?c",
  "https://orders/a\tb\nc",
  "https://orders/a\\b",
  "https://orders/{a}|^`",
];

for (const text of targets) {
  Deno.test(`Where "${text}" goes is read as URL reads it, the first time and again`, () => {
    const { hostname, port, host: authority, pathname, search } = new URL(text);
    const host = hostname.replace(/^\[|\]$/g, "");
    const expected = {
      host,
      port: port === "" ? 443 : Number(port),
      authority,
      path: `${pathname}${search}`,
    };
    deepEqual(peerTarget(text), expected);
    deepEqual(peerTarget(text), expected);
  });
}

Deno.test("What is no https: URL is nowhere to go, though its origin is known", () => {
  peerTarget("https://orders/a");
  for (const text of ["http://orders/a", "orders/a", "/a", "", "https:///", "https://"]) {
    throws(() => peerTarget(text), TypeError, text);
  }
});

Deno.test("No more origins are known by heart than may be, and each is read right all the same", () => {
  for (let n = 0; n <= originsMax; n++) peerTarget(`https://server-${n}/a`);
  deepEqual(peerTarget("https://server-0/b"), {
    host: "server-0",
    port: 443,
    authority: "server-0",
    path: "/b",
  });
});
