import { type FakeGateway, fakeGateway, type FakeGatewayOptions } from "./fake_gateway.ts";

/**
 * A gateway with one plugin on a public route `/open` and on a route `/own` that demands a token; each
 * goes to the service at `https://orders`, its path as it came.
 *
 * @param config of the plugin, as YAML in flow style.
 */
export function gatewayWith(
  plugin: string,
  config: string,
  options: Omit<FakeGatewayOptions, "yaml"> = {},
): FakeGateway {
  const use = `plugins: [{ name: ${plugin}, config: ${config.replace(/\s*\n\s*/g, " ")} }]`;
  const yaml = `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes:
      - { name: open, paths: [/open], strip_path: false, tags: [public], ${use} }
      - { name: own, paths: [/own], strip_path: false, ${use} }
`;
  return fakeGateway({ ...options, yaml });
}
