import "reflect-metadata";
import { equal } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as DerCertificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Authority, createAuthority } from "certs/authority";
import { issueLeaf } from "certs/leaf";
import { readPeerCertificate } from "platform/tls";
import { IssuerSet } from "./issuer_set.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

async function issuedBy(
  { certificate, privateKey }: Authority,
  notAfter: Date,
): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const between = await X509CertificateGenerator.create({
    subject: "CN=Between",
    issuer: certificate.subject,
    publicKey: keys.publicKey,
    signingKey: privateKey,
    notBefore: new Date(Date.now() - 1_000),
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: new DerCertificate(between.rawData), privateKey: keys.privateKey };
}

function read({ certificate }: Authority): X509Certificate {
  return new X509Certificate(certificate.toString("pem"));
}

async function scene() {
  const [{ authority: root }, { authority: other }] = [
    await createAuthority({ name: "CN=Root" }),
    await createAuthority({ name: "CN=Other" }),
  ];
  const endMs = Date.now() + 60_000;
  const between = await issuedBy(root, new Date(endMs));
  const leaf = await issueLeaf(between, { program: "partner" });
  const certificate = readPeerCertificate(new X509Certificate(leaf.cert).raw);
  const vouches = (authorities: readonly Authority[], allowsPartialChain: boolean, nowMs: number) =>
    new IssuerSet(authorities.map(read), { allowsPartialChain }).vouchFor(certificate, nowMs);
  return { root, between, other, certificate, endMs, vouches };
}

Deno.test("a CA that another CA signed vouches with that one beside it, or alone where that is allowed", async () => {
  const { root, between, other, vouches } = await scene();
  const nowMs = Date.now();
  equal(vouches([between, root], false, nowMs), true);
  equal(vouches([between], false, nowMs), false);
  equal(vouches([between, other], false, nowMs), false);
  equal(vouches([between], true, nowMs), true);
  equal(vouches([root], true, nowMs), false);
  equal(vouches([other], true, nowMs), false);
});

Deno.test("a CA vouches for nobody once its own time is over, on connections that it let in either", async () => {
  const { between, certificate, endMs } = await scene();
  const issuers = new IssuerSet([read(between)], { allowsPartialChain: true });
  equal(issuers.vouchFor(certificate, Date.now()), true);
  equal(issuers.vouchFor(certificate, endMs + 1_000), false);
});
