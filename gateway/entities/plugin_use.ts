// deno-lint-ignore-file camelcase -- The fields have Kong's names.
import { z } from "zod";
import type { Plugin } from "../plugin.ts";
import { findPlugin, plugins as knownPlugins } from "../plugins/mod.ts";
import { Name, optional, protocols, Reference, Tags } from "./fields.ts";
import type { Kind } from "./kind.ts";

const name = z.string().refine((name) => findPlugin(name) !== undefined, "plugin not installed");

const shape = {
  name,
  instance_name: optional(Name),
  service: optional(Reference),
  route: optional(Reference),
  consumer: optional(Reference),
  config: z.record(z.string(), z.unknown()),
  enabled: z.boolean().default(true),
  protocols: z.array(z.enum(protocols)).min(1).default(["grpc", "grpcs", "http", "https"]),
  tags: optional(Tags),
};

const fields = z.strictObject(shape);

export type PluginUseFields = z.output<typeof fields>;

/** The fields of a use of each plugin, `config` included. */
const byName = new Map(
  knownPlugins.map((plugin) => [
    plugin.name,
    // A plugin without `config` is configured by its defaults, where it has them.
    z.strictObject({
      ...shape,
      ...(plugin as Plugin).isForEveryConsumer &&
        { consumer: optional(z.never("value must be null")) },
      config: (plugin.config as z.ZodType).prefault({}),
    }),
  ]),
);

/** A behaviour attached to everything, to a service, to a route, or to one consumer there. */
export const pluginUses: Kind<PluginUseFields> = {
  collection: "plugins",
  singular: "plugin",
  fields,
  parents: {
    service: { collection: "services", onRemoval: "remove" },
    route: { collection: "routes", onRemoval: "remove" },
    consumer: { collection: "consumers", onRemoval: "remove" },
  },
  keys: ["instance_name"],
  together: [["name", "service", "route", "consumer"]],
  nested: [],
  prepare: ({ ...given }) => {
    const plugin = typeof given.name === "string" ? findPlugin(given.name) : undefined;
    if (!plugin?.prepare || !isRecord(given.config)) return given;
    return { ...given, config: plugin.prepare(given.config) };
  },
  fieldsFor: ({ name }) => {
    const known = typeof name === "string" ? byName.get(name) : undefined;
    return (known ?? z.strictObject({ ...shape, config: z.unknown().optional() })) as z.ZodType<
      PluginUseFields
    >;
  },
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
