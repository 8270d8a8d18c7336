import { equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";

function statusFor(config: string): (clientIp: string) => Promise<number> {
  const { ask } = gatewayWith("ip-restriction", config);
  return async (clientIp) => (await ask("/open", { clientIp })).status;
}

Deno.test("ip-restriction with an allow list answers those in it and nobody else", async () => {
  const status = statusFor(`{ allow: [192.0.2.0/25, 198.51.100.7, "2001:db8:1::/47"] }`);
  for (const ip of ["192.0.2.0", "192.0.2.127", "198.51.100.7", "2001:db8:1::9", "2001:db8::1"]) {
    equal(await status(ip), 200, ip);
  }
  for (const ip of ["192.0.2.128", "198.51.100.8", "2001:db8:2::1", "::1", "", "unknown"]) {
    equal(await status(ip), 403, ip);
  }
});

Deno.test("ip-restriction takes an IPv4 address and the IPv6 address it is mapped to for one", async () => {
  const status = statusFor(`{ deny: [192.0.2.0/24, "::ffff:198.51.100.0/120"] }`);
  for (const ip of ["192.0.2.9", "::ffff:192.0.2.9", "::FFFF:c000:209", "198.51.100.3"]) {
    equal(await status(ip), 403, ip);
  }
  equal(await status("203.0.113.1"), 200);
  equal(await status("::192.0.2.9"), 200, "compatible is not mapped");
});

Deno.test("ip-restriction refuses what is denied though it is allowed too", async () => {
  const status = statusFor("{ allow: [192.0.2.0/24], deny: [192.0.2.66] }");
  equal(await status("192.0.2.65"), 200);
  equal(await status("192.0.2.66"), 403);
});

Deno.test("ip-restriction believes no header, and says what it is told to say", async () => {
  const { ask, sent } = gatewayWith(
    "ip-restriction",
    "{ allow: [198.51.100.7], status: 451, message: Not here }",
  );
  const headers = { "x-forwarded-for": "198.51.100.7", "x-real-ip": "198.51.100.7" };
  const refused = await ask("/open", { headers });
  equal(refused.status, 451);
  equal(refused.headers.get("content-type"), "application/problem+json");
  const problem = await refused.json();
  equal(problem.type, "urn:sallyport:problem:address-not-allowed");
  equal(problem.detail, "Not here");
  equal(sent.length, 0);
});

Deno.test("ip-restriction takes no address that can be read in two ways, and not nothing", () => {
  for (
    const range of ["010.0.0.1", "1.2.3", "192.0.2.0/33", '"::/129"', '"1::2::3"', '"::12345"']
  ) {
    throws(() => gatewayWith("ip-restriction", `{ allow: [${range}] }`), /invalid ip/, range);
  }
  throws(() => gatewayWith("ip-restriction", "{}"), /at least one/);
});
