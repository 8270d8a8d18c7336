import type { Logger } from "platform/telemetry";

/** Says in each line which thread it is of. */
export function threadLogger(log: Logger, threadId: number): Logger {
  const own = { "process.thread.id": threadId };
  return {
    debug: (message, fields) => log.debug(message, { ...fields, ...own }),
    info: (message, fields) => log.info(message, { ...fields, ...own }),
    warn: (message, fields) => log.warn(message, { ...fields, ...own }),
    error: (message, fields) => log.error(message, { ...fields, ...own }),
    failure: (message, thrown, fields) => log.failure(message, thrown, { ...fields, ...own }),
  };
}
