import { makePrivateDir } from "certs/private-file";
import { periodically } from "platform/lifecycle";
import { createLogger, type Logger } from "platform/telemetry";
import type { Ports } from "./addresses.ts";
import type { Credentials } from "./credentials.ts";
import { ensureDevelopmentFolder, renewCertificates } from "./development_folder.ts";
import { type LineListener, ProgramLogs } from "./program_logs.ts";
import {
  type InstanceName,
  type Program,
  type ProgramName,
  type ProgramOptions,
  programsOf,
  replicaOf,
} from "./programs.ts";
import { Supervisor } from "./supervisor.ts";

/** Leaves live a day, and are renewed in the last third of it. */
const defaultRenewalCheckMs = 3_600_000;

export interface PlatformOptions extends ProgramOptions {
  readonly report: (message: string) => void;
  /** Programs to leave out: a test may stand in for one. */
  readonly without?: readonly ProgramName[];
  /** How many instances of a program there are, when not one. More than one need real stores and discovery. */
  readonly replicas?: Readonly<Partial<Record<ProgramName, number>>>;
  /** Gives the start up when it is aborted. */
  readonly signal?: AbortSignal;
  /** The longest pause before a crashed program is started again. */
  readonly restartMsMax?: number;
  /** How often certificates are looked at, whether any is to be renewed. */
  readonly renewalCheckMs?: number;
}

/** All programs of a development platform, ready to be called. */
export interface RunningPlatform extends AsyncDisposable {
  readonly credentials: Credentials;
  readonly ports: Ports;
  readonly dir: string;
  readonly supervisor: Supervisor;
  /** Resident memory of each program when it said that it was ready, in bytes. */
  readonly memoryBytes: ReadonlyMap<InstanceName, number>;
  /** Starts one more instance of a program. @returns its name, when it is ready. */
  addReplica(program: ProgramName): Promise<InstanceName>;
  /** Calls `listener` with each line that any program prints from now on. */
  onLine(listener: LineListener): Disposable;
}

/** Starts a platform on embedded stores. Every line that its programs print is kept in `logs/`. */
export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const {
    dir,
    ports,
    report,
    without = [],
    replicas = {},
    renewalCheckMs = defaultRenewalCheckMs,
  } = options;
  const credentials = await ensureDevelopmentFolder(dir, ports);
  const programs: Program[] = programsOf(options).filter(({ program }) =>
    !without.includes(program)
  )
    .flatMap((program) => withReplicas(program, replicas[program.program] ?? 1));

  for (const program of programs) await makeDataDir(program);

  await using starting = new AsyncDisposableStack();
  const logs = starting.use(new ProgramLogs(`${dir}/logs`, report));
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
    async addReplica(name) {
      const instances = programs.filter(({ program }) => program === name);
      const replica = replicaOf(instances[0]!, instances.length + 1);
      programs.push(replica);
      await makeDataDir(replica);
      await supervisor.add(replica);
      return replica.name;
    },
    onLine: (listener) => logs.listen(listener),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What each process counts for itself. */
async function makeDataDir({ program, env }: Program): Promise<void> {
  const { SALLYPORT_DATA_DIR: dir } = env;
  if (dir !== undefined) await makePrivateDir(`${dir}/${program}`);
}

function withReplicas(program: Program, count: number): readonly Program[] {
  const others = Array.from({ length: count - 1 }, (_, index) => replicaOf(program, index + 2));
  return [program, ...others];
}

/** The supervisor speaks to whoever runs it, not to a log. */
function logTo(report: (message: string) => void): Logger {
  return createLogger({ service: "supervisor", level: "warn", write: report });
}
