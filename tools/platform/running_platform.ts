import { periodically } from "platform/lifecycle";
import { createLogger, type Logger } from "platform/telemetry";
import type { Ports } from "./addresses.ts";
import type { Credentials } from "./credentials.ts";
import { ensureDevelopmentFolder, renewCertificates } from "./development_folder.ts";
import { type LineListener, ProgramLogs } from "./program_logs.ts";
import { type ProgramName, type ProgramOptions, programsOf } from "./programs.ts";
import { Supervisor } from "./supervisor.ts";

/** Leaves live a day, and are renewed in the last third of it. */
const renewalCheckMs = 3_600_000;

export interface PlatformOptions extends ProgramOptions {
  readonly report: (message: string) => void;
  /** Programs to leave out: a test may stand in for one. */
  readonly without?: readonly ProgramName[];
  /** Gives the start up when it is aborted. */
  readonly signal?: AbortSignal;
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
  onLine(listener: LineListener): Disposable;
}

/** Starts a platform on embedded stores. Every line that its programs print is kept in `logs/`. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { dir, ports, report, without = [] } = options;
  const credentials = await ensureDevelopmentFolder(dir, ports);
  const programs = programsOf(options).filter(({ name }) => !without.includes(name));

  await using starting = new AsyncDisposableStack();
  const names = programs.map(({ name }) => name);
  const logs = starting.use(new ProgramLogs(`${dir}/logs`, names, report));
  const supervisor = starting.use(
    await Supervisor.start({
      ...options,
      programs,
      onLine: (name, line) => logs.take(name, line),
      onUnexpectedEnd: (name) => logs.reportLastWords(name),
    }),
  );
  const renewal = { name: "certificates", everyMs: renewalCheckMs, log: logTo(report) };
  starting.use(periodically(renewal, () => renewCertificates(dir)));
  const running = starting.move();

  return {
    credentials,
    ports,
    dir,
    supervisor,
    memoryBytes: logs.memoryBytes,
    onLine: (listener) => logs.listen(listener),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The supervisor speaks to whoever runs it, not to a log. */
function logTo(report: (message: string) => void): Logger {
  return createLogger({ service: "supervisor", level: "warn", write: report });
}
