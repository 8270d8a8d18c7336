/**
 * What it costs to find the route of a request among many: by the gateway's own table, and by Hono's router, which
 * is given the same prefixes in the same order and checks in its handlers what its patterns cannot say. Prints a
 * Markdown table, in microseconds a request.
 *
 *     deno task bench:routes
 */
import { Hono } from "hono";
import { parseGatewayConfig } from "gateway/configuration";
import { RouteTable } from "gateway/route-table";

const counts = [10, 100, 1_000, 5_000] as const;
const rounds = 5;
const asks = 2_000;

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));

function configurationOf(count: number): string {
  const routes = Array.from(
    { length: count },
    (_, n) => ({ name: `r${n}`, paths: [`/team-${n}`] }),
  );
  const service = { name: "all", url: "https://all", routes };
  return JSON.stringify({ _format_version: "3.0", services: [service] });
}

function pathOf(n: number, count: number): string {
  return `/team-${(n * 7_919) % count}/orders/${n}`;
}

async function microsecondsOf(ask: (n: number) => unknown): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    for (let n = 0; n < asks; n++) await ask(n);
    took.push((performance.now() - startedMs) * 1_000 / asks);
  }
  return took.toSorted((one, other) => one - other)[Math.floor(rounds / 2)]!;
}

function askTable(table: RouteTable, count: number): (n: number) => unknown {
  const request = { headers: new Headers() };
  return (n) => {
    const target = { path: pathOf(n, count), search: "" };
    const found = table.find({ target, host: "a", serverName: "", request }, "GET");
    if (!found) throw new Error(`Cannot find "${target.path}"`);
  };
}

function askHono(table: RouteTable, count: number): (n: number) => unknown {
  const hono = new Hono<{ Bindings: { path: string } }>({
    getPath: (_request, options) => options!.env!.path,
  });
  const answer = new Response(null);
  for (const { path } of table.entries) {
    hono.on(["GET"], "/*", ({ env }, next) => path.match(env.path) === undefined ? next() : answer);
  }
  const request = new Request("https://a/");
  return (n) => hono.fetch(request, { path: pathOf(n, count) });
}

say("| routes | own table | Hono |\n|---|---|---|");
for (const count of counts) {
  const table = new RouteTable(parseGatewayConfig(configurationOf(count), "routes"));
  const own = await microsecondsOf(askTable(table, count));
  const hono = await microsecondsOf(askHono(table, count));
  say(`| ${count} | ${own.toFixed(2)} | ${hono.toFixed(1)} |`);
}
