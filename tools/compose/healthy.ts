/** Ends with 0 when a program of this container says that it is ready: `healthy.ts <admin port>`. */
const timeoutMs = 2_000;

const [port] = Deno.args;
const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
  signal: AbortSignal.timeout(timeoutMs),
});
Deno.exit(response.ok ? 0 : 1);
