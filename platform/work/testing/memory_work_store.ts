import type { Claim, WorkStore } from "../work_runner.ts";

export const noonMs: number = Date.parse("2026-01-02T12:00:00.000Z");

/** Work that is done once nothing is left of it. */
export interface Job {
  readonly id: string;
  readonly left: number;
  readonly dueMs: number;
}

/** Keeps jobs in memory, with leases as a database would. */
export class MemoryWorkStore implements WorkStore<string, Job> {
  readonly jobs = new Map<string, Job>();
  readonly leases = new Map<string, number>();
  claims = 0;

  claim(id: string, at: Date, leaseMs: number): Promise<Claim<Job> | undefined> {
    this.claims++;
    const job = this.jobs.get(id);
    if (!job || job.left === 0 || this.#isHeld(id, at)) return Promise.resolve(undefined);
    const leasedUntil = new Date(at.getTime() + leaseMs);
    this.leases.set(id, leasedUntil.getTime());
    return Promise.resolve({ item: job, leasedUntil });
  }

  due(at: Date, limit: number): Promise<readonly string[]> {
    const due = this.jobs.values().filter(({ id, left, dueMs }) =>
      left > 0 && dueMs <= at.getTime() && !this.#isHeld(id, at)
    );
    return Promise.resolve([...due.map(({ id }) => id)].slice(0, limit));
  }

  release(id: string, leasedUntil: Date): Promise<void> {
    if (this.leases.get(id) === leasedUntil.getTime()) this.leases.delete(id);
    return Promise.resolve();
  }

  postpone(id: string, until: Date): Promise<void> {
    const job = this.jobs.get(id);
    if (job) this.jobs.set(id, { ...job, dueMs: Math.max(job.dueMs, until.getTime()) });
    return Promise.resolve();
  }

  #isHeld(id: string, at: Date): boolean {
    return (this.leases.get(id) ?? 0) > at.getTime();
  }
}
