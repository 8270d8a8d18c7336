import type { Upstream } from "./upstream.ts";

/** How long what the services said is believed: however many ask us, each is asked once in this time. */
const believedMs = 1_000;
/** Who takes longer to say that they are ready are not. */
const probeTimeoutMs = 1_000;

/** @returns whether every one of `upstreams` was ready when last asked, at most {@linkcode believedMs} ago. */
export function upstreamProbe(
  upstreams: readonly Pick<Upstream, "isReady">[],
  { now }: { readonly now: () => Date },
): () => Promise<boolean> {
  let last: { readonly askedMs: number; readonly answer: Promise<boolean> } | undefined;
  return () => {
    const nowMs = now().getTime();
    if (!last || nowMs - last.askedMs >= believedMs) {
      last = { askedMs: nowMs, answer: areReady(upstreams) };
    }
    return last.answer;
  };
}

async function areReady(upstreams: readonly Pick<Upstream, "isReady">[]): Promise<boolean> {
  const late = new AbortController();
  const deadline = setTimeout(() => {
    late.abort(
      new DOMException("The service did not say in time that it is ready", "TimeoutError"),
    );
  }, probeTimeoutMs);
  try {
    const answers = await Promise.all(upstreams.map((upstream) => upstream.isReady(late.signal)));
    return answers.every((isReady) => isReady);
  } finally {
    clearTimeout(deadline);
  }
}
