import type { Secret } from "platform/config";
import type { Logger } from "platform/telemetry";
import {
  openPeerFetch,
  openServerFetch,
  openTlsIdentity,
  type TlsFiles,
  type TlsIdentity,
} from "platform/tls";
import { ConsulApi } from "./consul_api.ts";
import { ConsulDiscovery } from "./consul_discovery.ts";
import type { Discovery, Instances, Registration } from "./discovery.ts";
import { peerId } from "./peer.ts";
import { StaticDiscovery } from "./static_discovery.ts";

export type DiscoveryConfig =
  | {
    readonly kind: "static";
    /** Base URL by program. */
    readonly addresses: Readonly<Record<string, string>>;
  }
  | ConsulConfig;

export interface ConsulConfig {
  readonly kind: "consul";
  /** Base URL of Consul's HTTP API, without a last slash. */
  readonly url: string;
  readonly token: Secret | undefined;
  readonly programs: readonly string[];
  /** Where others reach us. */
  readonly address: string;
  /** What we show to Consul and whom we believe to be it; undefined: what we show to our peers. */
  readonly tls: TlsFiles | undefined;
  /** Consul's certificate is of our own CA: then it must be `spiffe://sallyport/consul`, else for the host of `url`. */
  readonly isOfOurCa: boolean;
}

/** The discovery that is configured. What it reads and whom it asks ends with it. */
export async function openDiscovery(
  config: DiscoveryConfig,
  { identity, log }: { readonly identity: TlsIdentity; readonly log: Logger },
): Promise<Discovery> {
  if (config.kind === "static") return new StaticDiscovery(config.addresses);
  await using opening = new AsyncDisposableStack();
  const shown = config.tls ? opening.use(await openTlsIdentity(config.tls, { log })) : identity;
  const { fetch } = opening.use(
    config.isOfOurCa
      ? openPeerFetch({ identity: shown, peer: peerId("consul") })
      : openServerFetch({ identity: shown }),
  );
  const api = new ConsulApi({ ...config, fetch });
  const discovery = opening.use(new ConsulDiscovery({ ...config, api, log }));
  const opened = opening.move();
  return {
    watch: (program: string): Instances | undefined => discovery.watch(program),
    register: (registration: Registration) => discovery.register(registration),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
