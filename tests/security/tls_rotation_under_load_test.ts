import { equal, rejects } from "node:assert/strict";
import { openPeerFetch } from "platform/tls";
import { aCall, ordersId, type TestCall } from "./tls_call_fixture.ts";
import { aMutualServer, anAuthority, TestIdentity, within } from "./tls_fixture.ts";

const workers = 8;
const renewals = 20;

/** Requests without a pause, half of them such as may not be sent twice, until `stop()` tells what became of them. */
function load(call: TestCall) {
  let isStopped = false;
  const counts = { answered: 0, failed: 0 };
  const waiting: (() => void)[] = [];
  const work = async (worker: number) => {
    const init = worker % 2 === 0 ? {} : { method: "POST", body: "once" };
    while (!isStopped) {
      const answer = await call.fetch(call.url, init).then((response) => response.text(), String);
      counts[answer === "ok" ? "answered" : "failed"] += 1;
      for (const resolve of waiting.splice(0)) resolve();
    }
  };
  const running = Array.from({ length: workers }, (_, worker) => work(worker));
  return {
    /** Resolves when `count` more have ended. */
    async passes(count: number): Promise<void> {
      for (let ended = 0; ended < count; ended++) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async stop() {
      isStopped = true;
      await Promise.all(running);
      return counts;
    },
  };
}

Deno.test("Leaves that are renewed at both ends under load cost no request", async () => {
  await using call = await aCall();
  const requests = load(call);
  for (let renewal = 0; renewal < renewals; renewal++) {
    call.theirs.take(await call.ca.leaf("orders"));
    await requests.passes(workers);
    call.ours.take(await call.ca.leaf("gateway"));
    await requests.passes(workers);
  }
  const { answered, failed } = await requests.stop();
  equal(failed, 0);
  equal(answered >= 2 * renewals * workers, true);
});

Deno.test("A CA that is replaced in its phases under load costs no request, whoever is told first", async () => {
  for (const order of [["ours", "theirs"], ["theirs", "ours"]] as const) {
    await using call = await aCall();
    const next = await anAuthority();
    const [old, young] = [call.ca.pem.cert, next.pem.cert];
    const leaves = { ours: await next.leaf("gateway"), theirs: await next.leaf("orders") };
    const requests = load(call);
    for (const phase of [{ ca: old + young }, leaves, { ca: young + old }, { ca: young }]) {
      for (const end of order) {
        call[end].take("ca" in phase ? phase : phase[end]);
        await requests.passes(workers);
      }
    }
    const { failed } = await requests.stop();
    equal(failed, 0);
  }
});

/**
 * A server that shows its new leaf later than its client shows its own, and a request under way when the old
 * CA goes: it ends well only if the client opened a connection anew in between, for `ca` having changed.
 */
async function slowRequestWhileOldAuthorityLeaves(inBetween: boolean): Promise<string> {
  const [old, next] = [await anAuthority(), await anAuthority()];
  const both = old.pem.cert + next.pem.cert;
  const theirs = new TestIdentity(await old.leaf("orders"), old);
  const ours = new TestIdentity(await old.leaf("gateway"), old);
  for (const end of [ours, theirs]) end.take({ ca: both });
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using server = await aMutualServer({
    identity: theirs,
    drainMs: 100,
    handler({ url }) {
      if (!url.endsWith("/slow")) return new Response("ok");
      asked.resolve();
      return answer.promise;
    },
  });
  await using peer = openPeerFetch({ identity: ours, peer: ordersId });
  const url = `https://127.0.0.1:${server.port}`;
  // Not to be sent twice, whatever becomes of its connection.
  const post = async (path: string) =>
    await (await peer.fetch(url + path, { method: "POST" })).text();

  ours.take(await next.leaf("gateway"));
  await post("/");
  theirs.take(await next.leaf("orders"));
  if (inBetween) {
    for (const end of [ours, theirs]) {
      end.take({ ca: next.pem.cert + old.pem.cert });
    }
  }
  const slow = post("/slow");
  slow.catch(() => {});
  await within(2_000, asked.promise);
  for (const end of [ours, theirs]) end.take({ ca: next.pem.cert });
  answer.resolve(new Response("done"));
  return await within(2_000, slow);
}

Deno.test("No connection outlives the old CA on which a server had shown an old leaf, thanks to a phase of its own", async () => {
  equal(await slowRequestWhileOldAuthorityLeaves(true), "done");
  await rejects(() => slowRequestWhileOldAuthorityLeaves(false), TypeError);
});
