/** Where a program is called, wherever its instances are: discovery puts one of them in the place of its name. */
export function peerUrl(program: string): string {
  return `https://${program}`;
}
