import { z } from "zod";
import {
  checkTlsFiles,
  configError,
  parseEnv,
  Port,
  type ProgramConfig,
  programConfigOf,
  programVariables,
  readAll,
  readFiles,
  Secret,
  variablesOf,
} from "platform/config";

const variables = {
  ...programVariables,
  PSP_PORT: Port.default(4010),
  PSP_API_KEY_FILE: z.string(),
  PSP_WEBHOOK_SECRET_FILE: z.string(),
  PSP_WEBHOOK_URL: z.url({ protocol: /^https$/ }),
  SALLYPORT_DATA_DIR: z.string(),
};

export interface Config extends ProgramConfig {
  readonly path: string;
  readonly apiKey: Secret;
  readonly webhooks: { readonly url: string; readonly secret: Secret };
}

/** @throws {ConfigError} naming every variable that is missing or wrong. */
export function loadConfig(get: (name: string) => string | undefined): Config {
  const paths = variablesOf(
    variables,
    ["PSP_API_KEY_FILE", "PSP_WEBHOOK_SECRET_FILE"],
    get,
  );
  const { given, files } = readAll({
    given: () => parseEnv(variables, get),
    tls: () => checkTlsFiles(get),
    refused: () => refuseInProduction(variablesOf(variables, ["SALLYPORT_ENV"], get)),
    files: () => readFiles(paths),
  });
  return {
    ...programConfigOf(given, given.PSP_PORT),
    path: `${given.SALLYPORT_DATA_DIR}/psp/psp.sqlite`,
    apiKey: new Secret(files.PSP_API_KEY_FILE.trim()),
    webhooks: {
      url: given.PSP_WEBHOOK_URL,
      secret: new Secret(files.PSP_WEBHOOK_SECRET_FILE.trim()),
    },
  };
}

function refuseInProduction({ SALLYPORT_ENV }: { readonly SALLYPORT_ENV: string }): void {
  if (SALLYPORT_ENV !== "production") return;
  throw configError(["SALLYPORT_ENV: The simulated processor is for development only"]);
}
