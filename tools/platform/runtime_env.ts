/** What the runtime itself needs: where its package cache is. */
export function runtimeEnv(): Record<string, string> {
  const kept = ["DENO_DIR", "HOME", "XDG_CACHE_HOME"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
}
