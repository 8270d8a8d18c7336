export * from "./client_authorities.ts";
export type { Peer } from "./connection.ts";
export * from "./connection_error.ts";
export { openWebFetch } from "./web_fetch.ts";
export { openPeerFetch, openServerFetch, openTrustedFetch, type PeerFetch } from "./peer_fetch.ts";
export {
  openPeerSockets,
  openServerSockets,
  type PeerSocket,
  type PeerSockets,
} from "./peer_sockets.ts";
export { type PeerCertificate, readPeerCertificate } from "./peer_certificate.ts";
export * from "./serve_client_tls.ts";
export * from "./serve_mutual_tls.ts";
export { openServerAgent, type ServerAgent, type ServerAgentOptions } from "./server_agent.ts";
export { type ServerCheck, serverCheck } from "./server_check.ts";
export * from "./server_limits.ts";
export * from "./tls_files.ts";
export * from "./tls_identity.ts";
export { type PeerHandler, serveTls, type TlsServer, type TlsServerOptions } from "./tls_server.ts";
export type { TlsMaterial } from "./tls_material.ts";
export * from "./server_certificates.ts";
