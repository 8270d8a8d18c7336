import type { X509Certificate } from "@peculiar/x509";

/** A certificate is replaced when less than this share of its life remains. */
const renewalShare = 1 / 3;

/** Whether a certificate has more than its last third before it. */
export function isFresh({ notBefore, notAfter }: X509Certificate, now: Date): boolean {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - now.getTime() >= lifeMs * renewalShare;
}
