/** Something that a program cannot do its work without. */
export interface ReadinessCheck {
  readonly name: string;
  /** Rejects while it is away. */
  readonly check: () => Promise<void>;
}

const checkMsMax = 1_000;

/** Whether all of `checks` pass, each within a second. */
export async function areMet(checks: readonly ReadinessCheck[]): Promise<boolean> {
  const met = await Promise.all(checks.map(isMet));
  return met.every((isMet) => isMet);
}

async function isMet({ check }: ReadinessCheck): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), checkMsMax);
  try {
    return await Promise.race([check().then(() => true, () => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
