import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Secret } from "platform/config";
import { ConsulApi, ConsulError } from "./consul_api.ts";

const never = new AbortController().signal;

/** Consul's API before a Consul that gives one answer, and what it was asked. */
function consul(answer: (init: RequestInit) => Response | Promise<Response>) {
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  const api = new ConsulApi({
    url: "https://consul:8501",
    token: new Secret("hunter2"),
    fetch: async (url, init = {}) => {
      asked.push({ url: String(url), init });
      return await answer(init);
    },
  });
  return { api, asked };
}

function entry(address: string, statuses: readonly string[], node = "10.0.0.9"): unknown {
  return {
    Node: { Address: node },
    Service: { Address: address, Port: 4002 },
    Checks: statuses.map((Status) => ({ Status })),
  };
}

function health(entries: unknown, index: string | null = "7"): Response {
  return Response.json(entries, { headers: index === null ? {} : { "x-consul-index": index } });
}

Deno.test("ConsulApi reads where instances are, and takes the worst of their checks", async () => {
  const { api, asked } = consul(() =>
    health([
      entry("10.0.0.1", ["passing", "passing"]),
      entry("", ["passing", "warning"]),
      entry("fd00::1", ["warning", "critical", "passing"]),
      entry("pay-1.internal", []),
    ])
  );
  deepEqual(await api.health("payment", 5, never), {
    index: 7,
    entries: [
      { origin: "https://10.0.0.1:4002", status: "passing" },
      { origin: "https://10.0.0.9:4002", status: "warning" },
      { origin: "https://[fd00::1]:4002", status: "critical" },
      { origin: "https://pay-1.internal:4002", status: "passing" },
    ],
  });
  equal(asked[0]!.url, "https://consul:8501/v1/health/service/payment?index=5&wait=30s");
  equal(new Headers(asked[0]!.init.headers).get("x-consul-token"), "hunter2");
});

Deno.test("ConsulApi refuses an answer that is not what it must be, as a whole", async () => {
  const passing = ["passing"];
  const wrong: Response[] = [
    health([entry("10.0.0.1/@evil", passing)]),
    health([entry("evil@10.0.0.1", passing)]),
    health([entry("", passing, "")]),
    health([entry("10.0.0.1", ["fine"])]),
    health({}),
    health([], ""),
    health([], "-1"),
    health([], "soon"),
    health([entry("10.0.0.1", passing)], null),
    health(Array.from({ length: 1_001 }, () => entry("10.0.0.1", passing))),
    new Response("[", { headers: { "x-consul-index": "7" } }),
  ];
  for (const [index, response] of wrong.entries()) {
    const { api } = consul(() => response);
    await rejects(api.health("payment", 0, never), ConsulError, String(index));
  }
});

Deno.test("ConsulApi reads no more of an answer than it may", async () => {
  let pieces = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pieces++;
      controller.enqueue(new TextEncoder().encode("x".repeat(65_536)));
    },
  });
  const { api } = consul(() => new Response(endless, { headers: { "x-consul-index": "7" } }));
  await rejects(api.health("payment", 0, never), /too long/);
  ok(pieces < 100, `${pieces} pieces`);
});

Deno.test("ConsulApi tells why it was refused, and not by what token", async () => {
  const { api } = consul(() => new Response("ACL not found\n", { status: 403 }));
  await rejects(api.register({ id: "p", program: "payment", address: "127.0.0.1", port: 1 }), {
    name: "ConsulError",
    status: 403,
    message: "Cannot PUT /v1/agent/service/register: 403 ACL not found",
  });
});

Deno.test("ConsulApi takes an unknown id for not registered, and no other refusal", async () => {
  const status = (status: number) => consul(() => new Response("", { status })).api;
  equal(await status(200).isRegistered("p", never), true);
  equal(await status(404).isRegistered("p", never), false);
  await rejects(status(403).isRegistered("p", never), ConsulError);
});

Deno.test("ConsulApi gives up with whoever asked, and passes on why", async () => {
  const leaving = new AbortController();
  const { api } = consul(({ signal }) => {
    leaving.abort(new Error("stopping"));
    return Promise.reject(signal!.reason);
  });
  await rejects(api.health("payment", 0, leaving.signal), /^Error: stopping$/);
});
