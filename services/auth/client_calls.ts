import { createResilience, type ResilientCall } from "platform/resilience";

/** How many clients' servers have a circuit of their own; who comes after them shares in none. */
const serversMax = 1_000;
const limits = { deadlineMs: 2_500, tryTimeoutMs: 1_000, retry: { backoffMsMin: 50 } };

/** A server that is in trouble itself has answered. */
class ServerTrouble extends Error {
  override readonly name = "ServerTrouble";

  constructor(readonly response: Response) {
    super(`Answered ${response.status}`);
  }
}

/**
 * `fetch` to servers that clients have registered, to tell them something that is as well told twice: each
 * with retries and a circuit of its own, so that one that is away holds nobody up for long. Where it may
 * reach is for the program's own right to the network to say.
 */
export function callingClients(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const calls = new Map<string, ResilientCall>();

  const callTo = (origin: string) => {
    const known = calls.get(origin);
    if (known) return known;
    const isTransient = (thrown: unknown) =>
      thrown instanceof TypeError || thrown instanceof ServerTrouble;
    const made = createResilience({ target: origin, isTransient, ...limits });
    if (calls.size < serversMax) calls.set(origin, made);
    return made;
  };

  return async (input, init) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    try {
      return await callTo(origin)(async (signal) => {
        const response = await fetch(input, { ...init, signal });
        // Nobody reads more of it than its status.
        await response.body?.cancel();
        if (response.status >= 500) throw new ServerTrouble(response);
        return response;
      }, { repeatable: true });
    } catch (thrown) {
      if (thrown instanceof ServerTrouble) return thrown.response;
      throw thrown;
    }
  };
}
