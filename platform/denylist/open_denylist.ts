import { z } from "zod";
import type { TokenIds } from "platform/access";
import { type CloudEvent, type EventTail, openEventTail, type TailOptions } from "platform/events";
import { periodically } from "platform/lifecycle";
import type { Redis } from "platform/redis";
import type { Logger } from "platform/telemetry";
import { Denylist } from "./denylist.ts";

/** Longer than any access token lives, with what clocks differ by. */
const keptSeconds = 600;
const readEveryMs = 1_000;
const batchMax = 500;

/** What auth tells of an account, as far as it concerns tokens. */
const AccountData = z.object({
  securityVersion: z.int().positive(),
  signInsValidFrom: z.iso.datetime(),
});

export interface FollowedDenylist extends AsyncDisposable {
  /** Whether the token has been overtaken by a change of its owner's account. */
  isRevoked(token: TokenIds): boolean;
}

export interface DenylistOptions extends Pick<TailOptions, "path"> {
  readonly redis: Redis | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * Follows what auth tells of accounts, by itself: each program, and each thread of one, hears of everything.
 * What was told in the last ten minutes is known when this resolves, if it can be reached. While it
 * cannot, what is known counts, and tokens end by themselves.
 */
export async function openDenylist(
  { path, redis, log, now }: DenylistOptions,
): Promise<FollowedDenylist> {
  const nowSeconds = () => Math.floor(now().getTime() / 1000);
  const denylist = new Denylist({ keptSeconds });
  const since = new Date(now().getTime() - keptSeconds * 1000);
  const tail = openEventTail({ source: "auth", path, since }, redis);
  const catchUp = async () => {
    for (const event of await untilEnd(tail)) take(event, denylist, nowSeconds());
  };
  await catchUp().catch((thrown) => log.failure("Denylist not read", thrown));
  const following = periodically({ name: "denylist", everyMs: readEveryMs, log }, catchUp);
  return {
    isRevoked: (token) => denylist.denies(token),
    async [Symbol.asyncDispose]() {
      await following[Symbol.asyncDispose]();
      tail[Symbol.dispose]();
    },
  };
}

async function untilEnd(tail: EventTail): Promise<readonly CloudEvent[]> {
  const events: CloudEvent[] = [];
  for (;;) {
    const batch = await tail.read(batchMax);
    events.push(...batch);
    if (batch.length < batchMax) return events;
  }
}

function take({ type, subject, data }: CloudEvent, denylist: Denylist, nowSeconds: number): void {
  if (!type.startsWith("sallyport.auth.user.")) return;
  const { success, data: told } = AccountData.safeParse(data);
  // Nothing has ever been taken away from the account.
  if (!success) return;
  const untilSeconds = Math.floor(Date.parse(told.signInsValidFrom) / 1000);
  denylist.deny({ subject, securityVersion: told.securityVersion, untilSeconds }, nowSeconds);
}
