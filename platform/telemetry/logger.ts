import { setImmediate } from "node:timers";

export type Fields = Readonly<Record<string, unknown>>;

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof logLevels[number];

/** Writes events: a constant message, and data in Elastic Common Schema fields. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** At level `error`, with the class, message and stack of `thrown` and of each cause behind it. */
  failure(message: string, thrown: unknown, fields?: Fields): void;
}

export interface LoggerOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** Must not throw: who logs has other things to do. `isUrgent` is what tells of a fault. */
  readonly write?: (line: string, isUrgent: boolean) => void;
  readonly now?: () => Date;
}

/** Writes one Elastic Common Schema document per line, to standard output by default. */
export function createLogger(
  { service, level = "info", write = lineWriter(Deno.stdout), now = () => new Date() }:
    LoggerOptions,
): Logger {
  const lowest = logLevels.indexOf(level);
  const logAt = (at: LogLevel) => {
    if (logLevels.indexOf(at) < lowest) return () => {};
    const same = { "log.level": at, "ecs.version": "8.11.0", "service.name": service };
    const start = JSON.stringify(same).slice(1, -1);
    const isUrgent = logLevels.indexOf(at) >= logLevels.indexOf("warn");
    return (message: string, fields: Fields = {}): void => {
      const told = JSON.stringify({ message, ...fields }).slice(1);
      write(`{"@timestamp":"${now().toISOString()}",${start},${told}`, isUrgent);
    };
  };
  return {
    debug: logAt("debug"),
    info: logAt("info"),
    warn: logAt("warn"),
    error: logAt("error"),
    failure: (message, thrown, fields) =>
      logAt("error")(message, { ...fields, ...errorFields(thrown) }),
  };
}

/** A logger that says nothing: for tests of other things. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  failure() {},
};

const causesMax = 5;

function errorFields(thrown: unknown): Fields {
  const chain: Error[] = [];
  for (let at = thrown; at instanceof Error && chain.length < causesMax; at = at.cause) {
    chain.push(at);
  }
  const last = chain.at(-1);
  if (!last) return { "error.type": typeof thrown };
  return {
    "error.type": last.name,
    "error.message": chain.map(({ message }) => message).join(": "),
    "error.stack_trace": last.stack,
  };
}

const encoder = new TextEncoder();

/** How much is written together, in characters: what several threads write to one pipe in pieces of this size stays whole. */
export const writtenTogetherMax = 4_096;

/**
 * Writes lines whole, however little `sink` takes at a time: those of one turn of the event loop together, and one
 * that is urgent at once, with all before it. Only a program that is killed loses the lines of its last turn.
 * What cannot be written is lost, and nobody is told: a full disk or a closed pipe must not end what is logged about.
 */
export function lineWriter(
  sink: { writeSync(bytes: Uint8Array): number },
): (line: string, isUrgent: boolean) => void {
  let unwritten = "";
  const write = () => {
    const text = unwritten;
    unwritten = "";
    if (text !== "") writeAll(sink, encoder.encode(text));
  };
  addEventListener("unload", write);
  return (line, isUrgent) => {
    if (unwritten.length + line.length >= writtenTogetherMax) write();
    if (unwritten === "" && !isUrgent) setImmediate(write);
    unwritten += `${line}\n`;
    if (isUrgent) write();
  };
}

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let rest = bytes; rest.byteLength > 0;) {
      const written = sink.writeSync(rest);
      // What takes nothing would be asked for ever.
      if (written === 0) return;
      rest = rest.subarray(written);
    }
  } catch {
    // There is no other place to say so.
  }
}
