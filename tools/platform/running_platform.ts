import { periodically } from "platform/lifecycle";
import { createLogger, type Logger } from "platform/telemetry";
import type { Ports } from "./addresses.ts";
import type { Credentials } from "./credentials.ts";
import { ensureDevelopmentFolder, renewCertificates } from "./development_folder.ts";
import { type ProgramName, type ProgramOptions, programsOf } from "./programs.ts";
import { Supervisor } from "./supervisor.ts";

export interface PlatformOptions extends ProgramOptions {
  readonly report: (message: string) => void;
  /** Programs to leave out: a test may stand in for one. */
  readonly without?: readonly ProgramName[];
  /** The longest pause before a crashed program is started again. */
  readonly restartMsMax?: number;
}

/** All programs of a development platform, ready to be called. */
export interface RunningPlatform extends AsyncDisposable {
  readonly credentials: Credentials;
  readonly ports: Ports;
  readonly dir: string;
  readonly supervisor: Supervisor;
  /** Resident memory of each program when it said that it was ready, in bytes. */
  readonly memoryBytes: ReadonlyMap<ProgramName, number>;
  /** Calls `listener` with each line that any program prints from now on. */
  onLine(listener: (program: ProgramName, line: string) => void): Disposable;
}

/** Leaves live a day, and are renewed in the last third of it. */
const renewalCheckMs = 3_600_000;

/** Starts a platform on embedded stores. Every line that its programs print is kept in `logs/`. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { dir, ports, report, without = [] } = options;
  const credentials = await ensureDevelopmentFolder(dir, ports);
  const listeners = new Set<(program: ProgramName, line: string) => void>();
  const memoryBytes = new Map<ProgramName, number>();
  const programs = programsOf(options).filter(({ name }) => !without.includes(name));

  await using starting = new AsyncDisposableStack();
  const logs = new Map<ProgramName, Deno.FsFile>();
  for (const { name } of programs) logs.set(name, starting.use(openLog(`${dir}/logs/${name}.log`)));

  const encoder = new TextEncoder();
  const onLine = (name: ProgramName, line: string) => {
    logs.get(name)?.writeSync(encoder.encode(`${line}\n`));
    const entry = parseLine(line);
    if (entry["message"] === "Program ready") {
      memoryBytes.set(name, Number(entry["process.memory.rss"]));
    }
    if (entry["log.level"] === "error" || entry["message"] === undefined) {
      report(`${name}: ${line}`);
    }
    for (const listener of listeners) listener(name, line);
  };
  const supervisor = starting.use(await Supervisor.start({ ...options, programs, onLine }));
  starting.use(
    periodically(
      { name: "certificates", everyMs: renewalCheckMs, log: logTo(report) },
      () => renewCertificates(dir),
    ),
  );
  const running = starting.move();

  return {
    credentials,
    ports,
    dir,
    supervisor,
    memoryBytes,
    onLine(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The supervisor speaks to whoever runs it, not to a log. */
function logTo(report: (message: string) => void): Logger {
  return createLogger({ service: "supervisor", level: "warn", write: report });
}

function openLog(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

/** A log line's fields; none of a line that is not a log line, such as a crash's stack. */
function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
