import { isIP } from "node:net";
import type { PeerCertificate } from "./peer_certificate.ts";

/**
 * Whether the certificate names `host`, as RFC 9525 has it: the name itself, or a wildcard in place of its
 * first label; an address only as itself. The subject's common name says nothing.
 */
export function namesHost({ hosts }: PeerCertificate, host: string): boolean {
  const name = host.toLowerCase();
  if (hosts.has(name)) return true;
  const rest = name.indexOf(".");
  return !isIP(name) && rest > 0 && hosts.has(`*${name.slice(rest)}`);
}
