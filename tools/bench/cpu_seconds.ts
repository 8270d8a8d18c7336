const ticksPerSecond = 100;

/** CPU time that a process has used up to now, with all its threads, in seconds. Linux alone tells it so. */
export function cpuSecondsOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const [user, system] = text.slice(text.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
  return (user! + system!) / ticksPerSecond;
}
