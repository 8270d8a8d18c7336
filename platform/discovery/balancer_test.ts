import { deepEqual, equal } from "node:assert/strict";
import { Balancer } from "./balancer.ts";

const [a, b, c] = ["https://a:1", "https://b:1", "https://c:1"] as const;

function picks(balancer: Balancer, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => balancer.pick());
}

Deno.test("Balancer takes turns among the instances, as they come and go", () => {
  const instances: { origins: string[] } = { origins: [a, b] };
  const balancer = new Balancer(instances);
  deepEqual(picks(balancer, 4).toSorted(), [a, a, b, b]);
  instances.origins = [a, b, c];
  deepEqual(picks(balancer, 3).toSorted(), [a, b, c]);
});

Deno.test("Balancer knows nothing to call where there is nobody", () => {
  equal(new Balancer({ origins: [] }).pick(), undefined);
});

Deno.test("Balancer passes over an instance that failed until it has rested, or was reached", () => {
  let nowMs = 0;
  const balancer = new Balancer({ origins: [a, b] }, () => nowMs);
  balancer.failed(a);
  deepEqual(picks(balancer, 3), [b, b, b]);
  nowMs = 5_000;
  deepEqual(picks(balancer, 2).toSorted(), [a, b]);
  balancer.failed(b);
  balancer.succeeded(b);
  deepEqual(picks(balancer, 2).toSorted(), [a, b]);
});

Deno.test("Balancer calls an instance that rests rather than nobody", () => {
  const balancer = new Balancer({ origins: [a, b] });
  balancer.failed(a);
  balancer.failed(b);
  deepEqual(picks(balancer, 2).toSorted(), [a, b]);
});

Deno.test("Balancer sends a second try elsewhere, to one that rests if need be, and counts to three", () => {
  const balancer = new Balancer({ origins: [a, b] });
  balancer.failed(b);
  equal(balancer.pick(new Set([a])), b);
  equal(balancer.hasOther(new Set([a])), true);
  equal(balancer.hasOther(new Set([a, b])), false);
  equal(balancer.pick(new Set([a, b])), a);
  const many = new Balancer({ origins: [a, b, c, "https://d:1"] });
  equal(many.hasOther(new Set([a, b])), true);
  equal(many.hasOther(new Set([a, b, c])), false);
});
