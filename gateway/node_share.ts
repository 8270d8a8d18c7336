/**
 * What each of several threads may hold of what the node may: together never more than the limit and one less
 * than there are threads.
 */
export function shareOf(max: number, threads: number): number {
  return Math.ceil(max / threads);
}
