import { equal } from "node:assert/strict";
import noPlaintextProxy from "./no_plaintext_proxy.ts";

const plugin = { name: "traps", rules: { "no-plaintext-proxy": noPlaintextProxy } };
const faults = (source: string) => Deno.lint.runPlugin(plugin, "example.ts", source).length;

Deno.test("A proxy over plain TCP is a lint error, however it is written", () => {
  const sources = [
    `Deno.createHttpClient({ proxy: { transport: "tcp", hostname: "h", port: 1 } })`,
    `Deno.createHttpClient({ "proxy": { "transport": 'tcp' } })`,
    `const { createHttpClient } = Deno; createHttpClient({ proxy: { transport: \`tcp\` } })`,
    `const options = { proxy: { transport: "tcp" as const } }`,
    `const proxy = { transport: "tcp" }; Deno.createHttpClient({ proxy })`,
    `const upstreamProxy: Deno.Proxy = { transport: "tcp" }`,
  ];
  for (const source of sources) equal(faults(source), 1, source);
});

Deno.test("Proxies by URL, and TCP that is no proxy, are not", () => {
  const sources = [
    `Deno.createHttpClient({ proxy: { url: "https://proxy.example" } })`,
    `Deno.createHttpClient({ proxy: { transport: "unix", path: "/s" } })`,
    `Deno.listen({ transport: "tcp", port: 0 })`,
  ];
  for (const source of sources) equal(faults(source), 0, source);
});
