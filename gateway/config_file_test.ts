import { deepEqual, equal, match } from "node:assert/strict";
import type { Logger } from "platform/telemetry";
import { silentLogger } from "platform/telemetry";
import { ConfigFile } from "./config_file.ts";
import { type GatewayConfig, parseGatewayConfig } from "./gateway_config.ts";

const issuer = "https://edge.test/oidc";
const textOf = (name: string) =>
  `_format_version: "3.0"\nservices: [{ name: ${name}, url: "https://${name}" }]\n`;

async function aFile() {
  const path = await Deno.makeTempFile({ prefix: "sallyport_" });
  await Deno.writeTextFile(path, textOf("a"));
  const events: string[] = [];
  let heard = Promise.withResolvers<string>();
  const tell = (event: string) => {
    events.push(event);
    heard.resolve(event);
    heard = Promise.withResolvers();
  };
  const replace = (config: GatewayConfig) => {
    tell([...config.state.services.values()].map(({ name }) => name).join());
    return Promise.resolve();
  };
  const log: Logger = {
    ...silentLogger,
    error: (_message, fields) => tell(`refused: ${fields?.["error.message"]}`),
  };
  const file = new ConfigFile({ path, text: textOf("a"), issuer, replace, log, everyMs: 60_000 });
  return {
    file,
    events,
    /** Writes the file, asks for a reload, and waits for what comes of it. */
    async become(text: string): Promise<string> {
      const next = heard.promise;
      // Put there whole: half a text is another text.
      await Deno.writeTextFile(`${path}.new`, text);
      await Deno.rename(`${path}.new`, path);
      file.reload();
      return await next;
    },
    async [Symbol.asyncDispose]() {
      await file[Symbol.asyncDispose]();
      await Deno.remove(path);
    },
  };
}

Deno.test("A new text is put in force; a bad one is told with its line and the old one stays", async () => {
  await using scene = await aFile();
  equal(await scene.become(textOf("b")), "b");
  equal(scene.file.text, textOf("b"));
  match(
    await scene.become(`${textOf("c")}servics: []\n`),
    /refused: .*:3: servics: unknown field/s,
  );
  equal(scene.file.text, textOf("b"));
  equal(await scene.become(textOf("d")), "d");
  deepEqual(scene.events.filter((event) => !event.startsWith("refused")), ["b", "d"]);
});

Deno.test("A new text that gives a consumer the issuer's name is refused", async () => {
  await using scene = await aFile();
  const credential = `{ key: "${issuer}", secret: s }`;
  const text = `${textOf("b")}consumers: [{ username: a, jwt_secrets: [${credential}] }]\n`;
  match(
    await scene.become(text),
    /refused: .*:3: consumers\[0\]\.jwt_secrets\[0\]\.key: must not be/s,
  );
});

Deno.test("A reload tells once more what is wrong", async () => {
  await using scene = await aFile();
  const bad = "nonsense: 1\n";
  const first = await scene.become(bad);
  equal(await scene.become(bad), first);
});

Deno.test("parseGatewayConfig gives the same ids to the same names each time", () => {
  const ids = () => [...parseGatewayConfig(textOf("a"), "g.yaml").state.services.keys()];
  deepEqual(ids(), ids());
});
