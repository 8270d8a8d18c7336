import type { ProgramName } from "./programs.ts";

const quietMs = 200;
const root = new URL("../../", import.meta.url).pathname;
const all: readonly ProgramName[] = ["psp", "auth", "payment", "orders", "gateway"];

/** Calls `onChange` with the programs that a change of sources touches, when no more changes follow. */
export function watchSources(
  onChange: (names: readonly ProgramName[]) => Promise<void>,
): Disposable {
  const watcher = Deno.watchFs(["platform", "services", "gateway"].map((name) => root + name));
  const touched = new Set<ProgramName>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let restarting = Promise.resolve();

  const settle = () => {
    const names = all.filter((name) => touched.has(name));
    touched.clear();
    if (names.length > 0) restarting = restarting.then(() => onChange(names));
  };
  (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      for (const name of paths.flatMap(programsOfPath)) touched.add(name);
      clearTimeout(timer);
      timer = setTimeout(settle, quietMs);
    }
  })();

  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** Which programs a file is part of: those of its own folder, or all when it is the platform's. */
export function programsOfPath(path: string): readonly ProgramName[] {
  if (!path.startsWith(root) || !/\.(tsx?|css|yaml|json)$/.test(path)) return [];
  const [top, member] = path.slice(root.length).split("/");
  if (top === "platform") return all;
  return all.filter((name) => name === (top === "services" ? member : top));
}
