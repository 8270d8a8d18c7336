import { z } from "zod";

/** The environment does not describe a runnable program. Names variables, never their values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param faults one line each: a variable's name, a colon, what is wrong with it. */
  constructor(readonly faults: readonly string[]) {
    super(`Cannot start:\n  ${faults.join("\n  ")}`);
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables that `shape` names, once, at start. An empty variable counts as unset.
 * Asks for each by name, so that a program needs no right to the whole environment.
 *
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function parseEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  get: (name: string) => string | undefined,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, get(name) || undefined]),
  );
  // Checked one by one: a wrong variable must not hide that others are wrong too.
  const parsed = z.object(shape).safeParse(given, { reportInput: false });
  if (parsed.success) return parsed.data as z.output<z.ZodObject<Shape>>;
  throw configError(
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
  );
}

/** @param faults one line each: a variable's name, a colon, what is wrong with it. */
export function configError(faults: readonly string[]): ConfigError {
  // Two readers may have met the same fault.
  return new ConfigError([...new Set(faults)]);
}

/**
 * What each of `readers` gives. All of them are asked before a fault is told, so that an operator hears
 * of everything at once.
 *
 * @throws {ConfigError} with the faults of all of them.
 */
export function readAll<Readers extends Readonly<Record<string, () => unknown>>>(
  readers: Readers,
): { readonly [Name in keyof Readers]: ReturnType<Readers[Name]> } {
  const faults: string[] = [];
  const read: Record<string, unknown> = {};
  for (const [name, reader] of Object.entries(readers)) {
    try {
      read[name] = reader();
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      faults.push(...thrown.faults);
    }
  }
  if (faults.length > 0) throw configError(faults);
  return read as { readonly [Name in keyof Readers]: ReturnType<Readers[Name]> };
}

/**
 * The variables `names` of `shape` as far as they are right; the others are left undefined, whatever the
 * type says: for use beside {@linkcode parseEnv}, which refuses those.
 */
export function variablesOf<Shape extends z.ZodRawShape, Name extends keyof Shape & string>(
  shape: Shape,
  names: readonly Name[],
  get: (name: string) => string | undefined,
): Pick<z.output<z.ZodObject<Shape>>, Name & keyof z.output<z.ZodObject<Shape>>> {
  const entries = names.map((name) => [
    name,
    z.safeParse(shape[name]!, get(name) || undefined).data,
  ]);
  return Object.fromEntries(entries);
}

/**
 * The contents of files named by variables; undefined for a variable that names none.
 *
 * @throws {ConfigError} naming the variable of each unreadable file.
 */
export function readFiles<Paths extends Readonly<Record<string, string | undefined>>>(
  paths: Paths,
): { readonly [Variable in keyof Paths]: Paths[Variable] } {
  const faults: string[] = [];
  const texts: Record<string, string | undefined> = {};
  for (const [variable, path] of Object.entries(paths)) {
    try {
      texts[variable] = path === undefined ? undefined : Deno.readTextFileSync(path);
    } catch (thrown) {
      faults.push(`${variable}: Cannot read the file it names: ${(thrown as Error).name}`);
    }
  }
  if (faults.length > 0) throw configError(faults);
  return texts as Paths;
}
