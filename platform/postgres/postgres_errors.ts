import postgres from "postgres";

const { PostgresError } = postgres;

/** Somebody else has changed what was read before. The transaction is to be tried again. */
export class WriteConflictError extends Error {
  override readonly name = "WriteConflictError";
}

const serializationFailure = "40001";
const deadlock = "40P01";
const readOnly = "25006";
const lockNotAvailable = "55P03";

/**
 * Classes of SQLSTATE by which a server says that it cannot, whatever it is asked: connection, rights to
 * connect, database, rollback, resources, operator, system.
 */
const unavailableClasses = new Set(["08", "28", "3D", "40", "53", "57", "58"]);

/** Whether the other transactions that were in the way may be gone at the next attempt. */
export function mayBeRepeated(thrown: unknown): boolean {
  const code = sqlStateOf(thrown);
  return thrown instanceof WriteConflictError || code === serializationFailure || code === deadlock;
}

/** Whether the server could not answer at all, or not in the time or the attempts that it was given. */
export function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof WriteConflictError) return true;
  const code = sqlStateOf(thrown);
  if (code === undefined) return false;
  return unavailableClasses.has(code.slice(0, 2)) || code === readOnly || code === lockNotAvailable;
}

/** Whether the server hangs up after having said so. */
export function endsSession(thrown: unknown): boolean {
  return thrown instanceof PostgresError && thrown.severity !== "ERROR";
}

/** Whether a row was refused by the constraint of that name. */
export function isRefusedBy(constraint: string, thrown: unknown): boolean {
  return thrown instanceof PostgresError && thrown.constraint_name === constraint;
}

function sqlStateOf(thrown: unknown): string | undefined {
  return thrown instanceof PostgresError ? thrown.code : undefined;
}
