import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";
import type { AuthorityPem } from "./authority.ts";
import { type Authorities, overlapSecondsMax, type Rotation } from "./authorities.ts";
import { isFresh } from "./freshness.ts";

/** What became of the CAs in one run: nothing, a first CA, or the next phase of a replacement. */
export type AuthorityChange = "kept" | "created" | Rotation["phase"] | "replaced";

/** A replacement has three phases, and the old CA must outlive them. */
const phasesOfRotation = 3;

/** How long each phase may last at most, given what remains of the life of the CA that signs. */
export function overlapSecondsLeft({ signing }: Authorities, now: Date): number {
  const { notAfter } = new X509Certificate(signing.cert);
  const remainingSeconds = (notAfter.getTime() - now.getTime()) / 1000;
  return Math.min(overlapSecondsMax, Math.floor(remainingSeconds / phasesOfRotation));
}

/** Whether the CA that signs should be replaced, and nobody has begun to. */
export function isAgeing({ signing, rotation }: Authorities, now: Date): boolean {
  return rotation === undefined && !isFresh(new X509Certificate(signing.cert), now);
}

/** The first phase: everyone is told of `next`. */
export function introduced(
  authorities: Authorities,
  next: AuthorityPem,
  { overlapSeconds, now }: { readonly overlapSeconds: number; readonly now: Date },
): Authorities {
  const seconds = Math.min(overlapSeconds, overlapSecondsLeft(authorities, now));
  const since = now.toISOString();
  const rotation = { phase: "introduced", next, overlapSeconds: seconds, since } as const;
  return { signing: authorities.signing, rotation };
}

/** When the phase under way may end. */
export function dueAt({ since, overlapSeconds }: Rotation): Date {
  return new Date(Date.parse(since) + overlapSeconds * 1000);
}

/** The phase that is under way begins to count anew. */
export function restarted(authorities: Authorities, now: Date): Authorities {
  const { rotation } = authorities;
  if (!rotation) return authorities;
  return { ...authorities, rotation: { ...rotation, since: now.toISOString() } };
}

/** What comes after the phase under way: itself, as long as that is not over. */
export function advanced(authorities: Authorities, now: Date): Authorities {
  const { signing, rotation } = authorities;
  if (!rotation || now < dueAt(rotation)) return authorities;
  const { overlapSeconds } = rotation;
  const since = now.toISOString();
  switch (rotation.phase) {
    case "introduced": {
      // The old key is forgotten: what it signed is good for a while, and nothing is added to it.
      const { next } = rotation;
      const retiring = signing.cert;
      return { signing: next, rotation: { phase: "signing", retiring, overlapSeconds, since } };
    }
    case "signing":
      return { signing, rotation: { ...rotation, phase: "leaving", since } };
    case "leaving":
      return { signing };
  }
}
