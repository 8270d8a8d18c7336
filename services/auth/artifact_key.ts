/** The name under which an artifact is kept: nobody gets from it to `value`, which opens a door. */
export async function artifactKey(kind: string, name: string, value: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${kind} ${name} ${value}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.toBase64({ alphabet: "base64url", omitPadding: true });
}
