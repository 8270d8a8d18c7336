import { z } from "zod";
import type { ConsumerDirectory } from "../consumer_directory.ts";
import type { State } from "../entities/state.ts";
import type { Exchange } from "../exchange.ts";
import { identify } from "../identify.ts";
import type { Fault } from "../yaml_faults.ts";

/** The consumer, by id or username, that a caller who shows nothing is let in as; null lets in nobody. */
export const Anonymous = z.string().min(1).nullable().default(null);

export function anonymousFaults(
  { anonymous }: { readonly anonymous: string | null },
  state: State,
): readonly Fault[] {
  const isFound = anonymous === null || state.consumers.has(anonymous) ||
    state.consumers.values().some(({ username }) => username === anonymous);
  if (isFound) return [];
  return [{ path: ["anonymous"], message: `no such consumer: "${anonymous}"` }];
}

/** Lets the caller in as the consumer for such. @returns false when there is none. */
export function admitAnonymous(
  exchange: Exchange,
  { anonymous, directory }: {
    readonly anonymous: string | null;
    readonly directory: ConsumerDirectory;
  },
): boolean {
  const consumer = anonymous === null ? undefined : directory.named(anonymous);
  if (consumer) identify(exchange, { consumer });
  return consumer !== undefined;
}

/** Whether another plugin knows the caller already: where nobody must show anything, one of them is enough. */
export function isKnown({ principal, credential }: Exchange): boolean {
  return principal !== undefined || credential !== undefined;
}
