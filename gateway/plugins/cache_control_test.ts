import { equal } from "node:assert/strict";
import { caching } from "../testing/caching_gateway.ts";

Deno.test("proxy-cache with cache_control keeps what the answer lets it keep, for so long", async () => {
  const freshMs = async (headers: Record<string, string>) => {
    const { get, pass } = caching("cache_control: true", { headers });
    await get("/open");
    for (let ms = 0; ms <= 90_000; ms += 10_000) {
      if (!(await get("/open")).startsWith("1 ")) return ms;
      pass(10_000);
    }
    return Infinity;
  };
  equal(await freshMs({}), 0);
  equal(await freshMs({ "cache-control": "max-age=20" }), 20_000);
  equal(await freshMs({ "cache-control": "max-age=20, s-maxage=40" }), 40_000);
  equal(await freshMs({ "cache-control": "s-maxage=0, max-age=20" }), 0);
  equal(await freshMs({ "cache-control": "max-age=20, must-revalidate" }), 20_000);
  equal(await freshMs({ "cache-control": "max-age=20", age: "10" }), 10_000);
  equal(await freshMs({ "cache-control": "max-age=20", age: "20" }), 0);
  equal(await freshMs({ "cache-control": "max-age=nonsense" }), 0);
  for (const no of ["no-store", "private", "no-cache", 'private="set-cookie"', "No-Store"]) {
    equal(await freshMs({ "cache-control": `max-age=20, ${no}` }), 0, no);
  }
  const expires = "Fri, 02 Jan 2026 03:04:35 GMT";
  equal(await freshMs({ expires }), 30_000);
  equal(await freshMs({ expires, date: "Fri, 02 Jan 2026 03:04:15 GMT" }), 20_000);
  equal(await freshMs({ expires: "0" }), 0);
  equal(await freshMs({ expires, "cache-control": "max-age=10" }), 10_000);
});

Deno.test("proxy-cache with cache_control does for a client what its Cache-Control asks", async () => {
  const { get, ask, pass } = caching("cache_control: true", {
    headers: { "cache-control": "max-age=60" },
  });
  const asking = (control: string) => get("/open", { "cache-control": control });
  const absent = await ask("/open", { headers: { "cache-control": "only-if-cached" } });
  equal(absent.status, 504);
  equal(absent.headers.get("content-type"), "application/problem+json");
  equal(await asking("no-store"), "1 Bypass");
  equal(await get("/open"), "2 Miss", "what no-store asked for was not kept");
  equal(await asking("only-if-cached"), "2 Hit");
  equal(await asking("no-cache"), "3 Refresh");
  equal(await get("/open"), "3 Hit");
  equal(await get("/open", { pragma: "no-cache" }), "4 Refresh");
  pass(30_000);
  equal(await asking("max-age=30"), "4 Hit");
  equal(await asking("max-age=29"), "5 Refresh");
  pass(30_000);
  equal(await asking("min-fresh=30"), "5 Hit");
  equal(await asking("min-fresh=31"), "6 Refresh");
  pass(60_000);
  equal(await asking("max-stale=600"), "7 Miss");
});

Deno.test("proxy-cache without cache_control asks nobody", async () => {
  const { get } = caching("", { headers: { "cache-control": "no-store" } });
  await get("/open");
  equal(await get("/open", { "cache-control": "no-cache, no-store" }), "1 Hit");
});
