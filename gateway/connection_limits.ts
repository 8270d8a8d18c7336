import { defaultServerLimits, type ServerLimits } from "platform/tls";
import { shareOf } from "./node_share.ts";

/** Of HTTP/2: with its way to the inner server and back. */
export const filesPerConnection = 3;
/** For what is no client's connection: those to services and stores, modules, certificates. */
export const filesReserved = 1_000;
/** Both edges, each with a limit of its own. */
const listeners = 2;

export type ConnectionLimits = Pick<ServerLimits, "connectionsMax" | "connectionsPerNetworkMax">;

export interface NodeMeans {
  /** How many threads share the node's connections. */
  readonly threads: number;
  /** Undefined when it is not known: then there are taken to be enough. */
  readonly openFilesMax: number | undefined;
}

/**
 * What one thread may hold at one listener. A process that runs out of open files takes no connection ever again,
 * so there are never more connections than files for them; of few files, half are for everything else.
 */
export function connectionLimits(
  { threads, openFilesMax = Infinity }: NodeMeans,
): ConnectionLimits {
  const { connectionsMax, connectionsPerNetworkMax } = defaultServerLimits;
  const files = Math.max(openFilesMax - filesReserved, openFilesMax / 2);
  const affordable = Math.floor(files / filesPerConnection / listeners);
  const most = Math.min(connectionsMax, affordable);
  return {
    connectionsMax: shareOf(most, threads),
    connectionsPerNetworkMax: shareOf(Math.min(connectionsPerNetworkMax, most), threads),
  };
}
