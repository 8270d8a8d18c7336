import { X509Certificate } from "node:crypto";
import type { State } from "./entities/mod.ts";
import { mtlsAuth } from "./plugins/mod.ts";

/** The certificates, in PEM, of every CA that a use of `mtls-auth` names, and that so vouches for clients. */
export function registeredAuthorities({ plugins, ca_certificates: all }: State): string[] {
  const uses = plugins.values().filter(({ name, enabled }) => enabled && name === mtlsAuth.name);
  const ids = uses.flatMap(({ config }) => mtlsAuth.config.parse(config).ca_certificates);
  return [...new Set(ids)].flatMap((id) => {
    const registered = all.get(id);
    // The first of its text, whatever else stands there: as the plugin reads it.
    return registered ? new X509Certificate(registered.cert).toString() : [];
  });
}
