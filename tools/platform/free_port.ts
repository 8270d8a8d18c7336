/** Below the range from which systems pick ports for outgoing connections and for port 0. */
const portMin = 10_240;
const portMax = 32_000;
/** Longer than it takes anybody to listen on the port that was found. */
const reservedMs = 10 * 60_000;

/**
 * A port that nobody listens on, and that no other process or worker of ours is given in the next ten
 * minutes: the system gives a port that was just closed to the next who asks.
 */
export function freePort(): number {
  for (;;) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (reserve(port) && isFree(port)) return port;
  }
}

/** Who makes the file has the port. */
function reserve(port: number): boolean {
  const folder = `${Deno.env.get("TMPDIR") ?? "/tmp"}/sallyport_ports`;
  Deno.mkdirSync(folder, { recursive: true });
  const path = `${folder}/${port}`;
  try {
    Deno.openSync(path, { write: true, createNew: true }).close();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    removeIfStale(path);
    return false;
  }
}

function removeIfStale(path: string): void {
  try {
    const { mtime } = Deno.statSync(path);
    if (mtime && Date.now() - mtime.getTime() > reservedMs) Deno.removeSync(path);
  } catch (thrown) {
    // Another has removed it first.
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) return false;
    throw thrown;
  }
}
