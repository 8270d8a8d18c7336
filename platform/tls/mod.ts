export type { Peer } from "./connection.ts";
export { openPeerFetch, openTrustedFetch, type PeerFetch } from "./peer_fetch.ts";
export * from "./serve_mutual_tls.ts";
export * from "./server_limits.ts";
export * from "./tls_files.ts";
export * from "./tls_identity.ts";
export { type PeerHandler, serveTls, type TlsServer, type TlsServerOptions } from "./tls_server.ts";
export type { TlsMaterial } from "./tls_material.ts";
