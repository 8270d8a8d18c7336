import type { NamedCertificate } from "platform/tls";
import type { State } from "./entities/mod.ts";

/** The certificates that the configuration has names for. */
export function registeredCertificates({ certificates, snis }: State): NamedCertificate[] {
  const byCertificate = Map.groupBy(snis.values(), ({ certificate }) => certificate.id);
  return [...byCertificate].flatMap(([id, names]) => {
    const certificate = certificates.get(id);
    if (!certificate) return [];
    return { names: names.map(({ name }) => name), cert: certificate.cert, key: certificate.key };
  });
}
