import { ConfigError } from "platform/config";
import { createLogger } from "platform/telemetry";

/** The configuration that `load` makes. When it cannot, says why in the log and ends the process with 1. */
export function loadConfigOrExit<Config>(service: string, load: () => Config): Config {
  try {
    return load();
  } catch (thrown) {
    const log = createLogger({ service });
    if (thrown instanceof ConfigError) log.error(thrown.message);
    else log.failure("Cannot read configuration", thrown);
    Deno.exit(1);
  }
}
