import { ConfigError } from "platform/config";
import { collections, entitiesOf, parseDeclarative, printDeclarative } from "../entities/mod.ts";
import type { AddRoute, AdminDependencies } from "./admin_api.ts";
import { textOf } from "./fields_of_body.ts";
import { MalformedBody, reply } from "./replies.ts";

/** The whole configuration at once, in the declarative format. */
export function addConfigRoutes(add: AddRoute, { live, tools }: AdminDependencies): void {
  add("/config", {
    GET: () => reply(200, { config: printDeclarative(live.state) }),
    POST: async (request) => {
      const text = await declarationIn(request);
      try {
        const { state } = parseDeclarative(text, "config", tools.now());
        const { state: held } = await live.change(() => ({ state }));
        const lists = collections.map((collection) => [
          collection,
          Object.fromEntries(entitiesOf(held, collection)),
        ]);
        return reply(201, Object.fromEntries(lists));
      } catch (thrown) {
        if (!(thrown instanceof ConfigError)) throw thrown;
        const message = `declarative config is invalid: ${thrown.message}`;
        const name = "invalid declarative configuration";
        return reply(400, { code: 14, name, message, fields: {} });
      }
    },
  });
}

/** The declaration itself, or one in a field `config`, as Kong takes either. */
async function declarationIn(request: Request): Promise<string> {
  const type = request.headers.get("content-type") ?? "";
  const bytes = await textOf(request);
  if (type.startsWith("multipart/form-data")) {
    const form = await new Response(bytes, { headers: { "content-type": type } }).formData()
      .catch(() => undefined);
    const config = form?.get("config");
    if (config instanceof File) return await config.text();
    if (typeof config === "string") return config;
    throw new MalformedBody("expected a declarative configuration");
  }
  const text = new TextDecoder().decode(bytes);
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return new URLSearchParams(text).get("config") ?? "";
  }
  if (!type.startsWith("application/json")) return text;
  // JSON is YAML, unless it is the one field that holds it.
  const value = jsonOf(text);
  const config = (value as { readonly config?: unknown } | null)?.config;
  return typeof config === "string" ? config : text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBody("Cannot parse JSON body");
  }
}
