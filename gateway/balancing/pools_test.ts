import { deepEqual, equal } from "node:assert/strict";
import { ConnectionError } from "platform/tls";
import { parseGatewayConfig } from "../gateway_config.ts";
import { FakeClock, settled } from "../testing/fake_clock.ts";
import {
  type FakeGateway,
  fakeGateway,
  type FakeGatewayOptions,
  type Sent,
} from "../testing/fake_gateway.ts";

interface Upstreamed {
  readonly targets?: string;
  /** Members of the upstream, in YAML's flow form. */
  readonly more?: string;
  readonly retries?: number;
}

function yamlOf({ targets = two, more = "", retries = 0 }: Upstreamed): string {
  return `
_format_version: "3.0"
upstreams:
  - { id: ${upstreamId}, name: orders.v1, targets: [${targets}], ${more} }
services:
  - id: 22222222-2222-4222-8222-222222222222
    name: orders
    url: https://orders.v1
    retries: ${retries}
    tags: ["spiffe:orders"]
    routes: [{ name: o, paths: [/o], tags: [public, idempotent] }]
`;
}

const upstreamId = "11111111-1111-4111-8111-111111111111";
const two = `{ target: "a:1" }, { target: "b:1" }`;

interface Scene extends FakeGateway {
  readonly clock: FakeClock;
  /** Servers that fail, and how. */
  readonly trouble: Map<string, () => Response | Promise<Response>>;
  /** The hosts that were asked since last looked. */
  asked(): string[];
  health(): Record<string, string>;
}

function scene(given: Upstreamed & FakeGatewayOptions = {}): Scene {
  const clock = new FakeClock();
  const trouble = new Map<string, () => Response | Promise<Response>>();
  const yaml = yamlOf(given);
  const gateway = fakeGateway({
    yaml,
    clock,
    service: ({ url }) => trouble.get(new URL(url).host)?.() ?? new Response("ok"),
    ...given.pools && { pools: given.pools },
  });
  gateway.pools.adopt(parseGatewayConfig(yaml, "gateway.yaml").state);
  return {
    ...gateway,
    clock,
    trouble,
    asked: () => (gateway.sent as Sent[]).splice(0).map(({ url }) => new URL(url).host),
    health: () =>
      Object.fromEntries(
        gateway.pools.healthOf(upstreamId)!.map(({ target, health }) => [target.target, health]),
      ),
  };
}

const status = (code: number) => () => new Response(null, { status: code });
const broken = () => Promise.reject(new ConnectionError("it broke", false));

async function statuses(
  { ask }: FakeGateway,
  count: number,
  init?: RequestInit,
): Promise<number[]> {
  const answers: number[] = [];
  for (let asked = 0; asked < count; asked++) answers.push((await ask("/o", init)).status);
  return answers;
}

Deno.test("requests go to an upstream's targets by their weights, over https, and none to one without weight", async () => {
  const gateway = scene({
    targets:
      `{ target: "a:1", weight: 30 }, { target: "b:1", weight: 10 }, { target: "c:1", weight: 0 }`,
  });
  await statuses(gateway, 8);
  equal(gateway.sent[0]!.url, "https://a:1/");
  equal(gateway.sent[0]!.peer, "spiffe://sallyport/orders");
  deepEqual(gateway.asked().toSorted(), ["a:1", "a:1", "a:1", "a:1", "a:1", "a:1", "b:1", "b:1"]);
});

Deno.test("a service is called by its upstream's host_header, where the client's is not passed on", async () => {
  const gateway = scene({ more: "host_header: orders.example" });
  await statuses(gateway, 1);
  equal(gateway.sent[0]!.headers.get("host"), "orders.example");
});

Deno.test("an upstream without a target answers 503", async () => {
  deepEqual(await statuses(scene({ targets: "" }), 1), [503]);
});

Deno.test("a target that answers badly often enough takes nothing more, though it would answer", async () => {
  const more = "healthchecks: { passive: { unhealthy: { http_failures: 2 } } }";
  const gateway = scene({ more });
  gateway.trouble.set("a:1", status(500));
  deepEqual((await statuses(gateway, 4)).toSorted(), [200, 200, 500, 500]);
  gateway.asked();
  gateway.trouble.clear();
  await statuses(gateway, 4);
  deepEqual(gateway.asked(), ["b:1", "b:1", "b:1", "b:1"]);
  deepEqual(gateway.health(), { "a:1": "UNHEALTHY", "b:1": "HEALTHY" });
});

Deno.test("time-outs and broken connections have limits of their own", async () => {
  for (
    const [limit, failure] of [
      ["timeouts", () => Promise.reject(new DOMException("late", "TimeoutError"))],
      ["tcp_failures", broken],
    ] as const
  ) {
    const more = `healthchecks: { passive: { unhealthy: { ${limit}: 1 } } }`;
    const gateway = scene({ more });
    gateway.trouble.set("a:1", failure);
    await statuses(gateway, 2);
    deepEqual(gateway.health(), { "a:1": "UNHEALTHY", "b:1": "HEALTHY" }, limit);
  }
});

Deno.test("where no target is well the answer is 503 with Retry-After, and nobody is asked", async () => {
  const more = "healthchecks: { passive: { unhealthy: { http_failures: 1 } } }";
  const gateway = scene({ more });
  for (const host of ["a:1", "b:1"]) gateway.trouble.set(host, status(500));
  await statuses(gateway, 2);
  gateway.asked();
  const answer = await gateway.ask("/o");
  equal(answer.status, 503);
  equal(answer.headers.get("retry-after"), "5");
  equal(answer.headers.get("content-type"), "application/problem+json");
  deepEqual(gateway.asked(), []);
});

Deno.test("below the threshold of healthy weight an upstream is not used at all", async () => {
  const more = "healthchecks: { threshold: 60, passive: { unhealthy: { http_failures: 1 } } }";
  const gateway = scene({ more });
  gateway.trouble.set("a:1", status(500));
  await statuses(gateway, 2);
  deepEqual(await statuses(gateway, 1), [503]);
});

Deno.test("a target whose name nobody knows is told as such, and one that nothing checks as well", async () => {
  const unknown = () =>
    Promise.reject(
      new ConnectionError("no such name", true, {
        cause: Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }),
      }),
    );
  const gateway = scene();
  gateway.trouble.set("a:1", unknown);
  await statuses(gateway, 2);
  deepEqual(gateway.health(), { "a:1": "DNS_ERROR", "b:1": "HEALTHCHECKS_OFF" });
  equal(gateway.pools.healthOf("33333333-3333-4333-8333-333333333333"), undefined);
});

Deno.test("an operator may call a target unwell, and well again", async () => {
  const gateway = scene();
  const { target } = gateway.pools.healthOf(upstreamId)![0]!;
  equal(gateway.pools.setHealth(target, false), true);
  await statuses(gateway, 2);
  deepEqual(gateway.asked(), ["b:1", "b:1"]);
  gateway.pools.setHealth(target, true);
  await statuses(gateway, 2);
  deepEqual(gateway.asked().toSorted(), ["a:1", "b:1"]);
  equal(gateway.pools.setHealth({ ...target, target: "gone:1" }, false), false);
});

Deno.test("what is known of a target stays when the configuration changes around it", async () => {
  const more = "healthchecks: { passive: { unhealthy: { http_failures: 1 } } }";
  const before = scene({ more });
  before.trouble.set("a:1", status(500));
  await statuses(before, 2);
  const { pools } = before;
  const after = scene({ more, pools, targets: `${two}, { target: "c:1" }` });
  await statuses(after, 6);
  deepEqual(after.asked().toSorted(), ["b:1", "b:1", "b:1", "c:1", "c:1", "c:1"]);
  // One that is taken away and comes again is a new one.
  scene({ more, pools, targets: `{ target: "b:1" }` });
  const again = scene({ more, pools });
  await statuses(again, 2);
  deepEqual(again.asked().toSorted(), ["a:1", "b:1"]);
});

Deno.test("active checks find a target unwell and well again, each by its interval, and end with the pools", async () => {
  const more =
    `healthchecks: { active: { type: https, http_path: /health, headers: { x-probe: ["1", "2"] },
    healthy: { interval: 10, successes: 2 }, unhealthy: { interval: 2, http_failures: 1 } } }`;
  const gateway = scene({ more });
  const { clock, pools, sent, trouble } = gateway;
  equal(clock.timerCount, 2);
  await clock.advance(9_999);
  equal(sent.length, 0);
  trouble.set("a:1", status(500));
  await clock.advance(1);
  equal(sent[0]!.url, "https://a:1/health");
  equal(sent[0]!.headers.get("x-probe"), "1, 2");
  equal(sent[0]!.peer, "spiffe://sallyport/orders");
  deepEqual(gateway.asked(), ["a:1", "b:1"]);
  deepEqual(gateway.health(), { "a:1": "UNHEALTHY", "b:1": "HEALTHY" });
  trouble.clear();
  await clock.advance(2_000);
  deepEqual(gateway.health()["a:1"], "UNHEALTHY");
  await clock.advance(2_000);
  deepEqual(gateway.health()["a:1"], "HEALTHY");
  deepEqual(gateway.asked(), ["a:1", "a:1"]);
  pools[Symbol.dispose]();
  equal(clock.timerCount, 0);
});

Deno.test("a target that requests find unwell is checked by the other interval from then on", async () => {
  const more =
    `healthchecks: { active: { healthy: { interval: 60, successes: 1 }, unhealthy: { interval: 1 } },
    passive: { unhealthy: { http_failures: 1 } } }`;
  const gateway = scene({ more });
  gateway.trouble.set("a:1", status(500));
  await statuses(gateway, 2);
  gateway.trouble.clear();
  await gateway.clock.advance(1_000);
  equal(gateway.health()["a:1"], "HEALTHY");
  gateway.pools[Symbol.dispose]();
});

Deno.test("a check that gets no answer is a time-out, and no more run at once than concurrency says", async () => {
  const more = `healthchecks: { active: { concurrency: 1, timeout: 0.5,
    healthy: { interval: 1 }, unhealthy: { interval: 1, timeouts: 1 } } }`;
  const gateway = scene({ more });
  const hanging: AbortSignal[] = [];
  for (const host of ["a:1", "b:1"]) {
    gateway.trouble.set(host, () => {
      const { signal } = gateway.sent.at(-1)!;
      hanging.push(signal);
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
  }
  await gateway.clock.advance(1_000);
  equal(hanging.length, 1);
  await gateway.clock.advance(500);
  deepEqual(gateway.health(), { "a:1": "UNHEALTHY", "b:1": "HEALTHY" });
  equal(hanging.length, 2);
  gateway.pools[Symbol.dispose]();
  await settled();
  equal(gateway.clock.timerCount, 0);
  deepEqual(gateway.health(), { "a:1": "UNHEALTHY", "b:1": "HEALTHY" });
});

Deno.test("checks go by the state in force: those of an upstream that nobody names end, others are not begun anew", async () => {
  const more = "healthchecks: { active: { healthy: { interval: 10, successes: 1 } } }";
  const gateway = scene({ more });
  await gateway.clock.advance(6_000);
  const { state } = parseGatewayConfig(yamlOf({ more, retries: 3 }), "gateway.yaml");
  gateway.pools.adopt(state);
  await gateway.clock.advance(4_000);
  deepEqual(gateway.asked(), ["a:1", "b:1"]);
  gateway.pools.adopt({ ...state, services: new Map() });
  equal(gateway.clock.timerCount, 0);
});
