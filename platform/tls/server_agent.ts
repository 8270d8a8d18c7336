import type { Agent } from "node:https";
import { isIP } from "node:net";
import { PeerAgent } from "./peer_agent.ts";
import { readPeerCertificate } from "./peer_certificate.ts";
import { namesHost } from "./server_name.ts";
import type { TlsIdentity } from "./tls_identity.ts";

/** Connections for a client library that takes an agent. Disposal cuts them. */
export interface ServerAgent extends AsyncDisposable {
  readonly agent: Agent;
}

export interface ServerAgentOptions {
  /** PEM of who vouches for the server, or `system` for the runtime's roots. Otherwise it is our own CA. */
  readonly ca?: string | undefined;
  /** Whose certificate a server gets to see that asks for one, and whose denylist counts. */
  readonly identity: TlsIdentity;
}

/**
 * Kept-alive TLS connections to a server that is known by its host name, such as a database. Nothing is
 * sent before the server has shown a certificate for its name. Each new connection shows our newest
 * certificate and is held against our newest CA; those that idle when these change are closed, and those
 * to a server that has been revoked are cut.
 */
export function openServerAgent({ ca, identity }: ServerAgentOptions): ServerAgent {
  const agent = new PeerAgent({
    options(host) {
      const { material } = identity;
      // An address is no name to announce.
      return {
        ...ca !== "system" && { ca: ca ?? material.ca },
        cert: material.cert,
        key: material.key,
        ...!isIP(host) && { servername: host },
        minVersion: "TLSv1.2",
      };
    },
    verify(socket, host) {
      const { raw, serialNumber } = socket.getPeerCertificate();
      if (!socket.authorized || !raw) {
        throw new Error(`Cannot trust server "${host}": it shows no certificate of the CA`);
      }
      if (identity.isRevoked(serialNumber)) {
        throw new Error(`Cannot trust server "${host}": its certificate is revoked`);
      }
      const certificate = readPeerCertificate(raw);
      if (!namesHost(certificate, host)) {
        throw new Error(`Cannot trust server "${host}": its certificate is for another host`);
      }
      return certificate.validToMs - Date.now();
    },
  });
  const following = new DisposableStack();
  following.use(identity.onMaterial(() => agent.dropIdle()));
  following.use(identity.onRevoked(() => agent.recheck()));
  return {
    agent,
    async [Symbol.asyncDispose]() {
      following.dispose();
      await agent.cut();
    },
  };
}
