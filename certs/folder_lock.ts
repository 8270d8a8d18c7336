/**
 * Waits until nobody else changes what lies in `dir`, and keeps others waiting until disposed of.
 * The lock goes with the process that holds it, however that ends.
 */
export async function lockFolder(dir: string): Promise<Disposable> {
  const file = await Deno.open(`${dir}/lock`, { create: true, write: true, mode: 0o600 });
  await file.lock(true);
  return { [Symbol.dispose]: () => file.close() };
}
