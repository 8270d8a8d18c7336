import { equal, throws } from "node:assert/strict";
import { ConfigError } from "./env.ts";
import { readRedisConfig } from "./redis_config.ts";

function read(variables: Readonly<Record<string, string>>): ReturnType<typeof readRedisConfig> {
  return readRedisConfig((name) => variables[name]);
}

Deno.test("readRedisConfig() needs Redis in production, and where nothing else is said", () => {
  equal(read({ SALLYPORT_ENV: "development" }), undefined);
  for (const variables of [{}, { SALLYPORT_ENV: "production" }]) {
    throws(() => read(variables), { faults: ["REDIS_URL: Needed in production"] });
  }
});

Deno.test("readRedisConfig() refuses a connection that is not encrypted, and does not say its URL", () => {
  for (const url of ["redis://user:hunter2@localhost", "https://hunter2", "hunter2"]) {
    throws(() => read({ REDIS_URL: url, SALLYPORT_ENV: "development" }), (thrown) => {
      return thrown instanceof ConfigError && !thrown.message.includes("hunter2") &&
        thrown.message.includes("REDIS_URL: ");
    });
  }
});

Deno.test("readRedisConfig() trusts our own authority or the system's, and takes no file that names none", async () => {
  const REDIS_URL = "rediss://user:hunter2@redis.example:6380/1";
  const config = read({ REDIS_URL });
  equal(config?.url.reveal(), REDIS_URL);
  equal(Deno.inspect(config).includes("hunter2"), false);
  equal(config?.ca, undefined);
  equal(read({ REDIS_URL, REDIS_CA_FILE: "system" })?.ca, "system");
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "hunter2");
  throws(() => read({ REDIS_URL, REDIS_CA_FILE: file }), {
    faults: ["REDIS_CA_FILE: Its file holds no certificate of a CA"],
  });
  await Deno.remove(file);
  throws(() => read({ REDIS_URL, REDIS_CA_FILE: file }), /REDIS_CA_FILE: Cannot read/);
});
