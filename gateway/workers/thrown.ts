import { ConfigError } from "platform/config";
import { Violation } from "../entities/mod.ts";

/** Something thrown, as plain data: classes do not reach other threads. */
export interface ThrownData {
  readonly kind: "violation" | "config" | "other";
  readonly message: string;
  readonly name: string;
  readonly stack: string | undefined;
  /** As the system or `node:net` has it, such as `EADDRINUSE`. */
  readonly code: unknown;
  readonly fields: Violation["fields"];
  readonly faults: readonly unknown[];
}

export function dataOf(thrown: unknown): ThrownData {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const code = "code" in error ? error.code : undefined;
  const data = { name, message, stack, code, fields: {}, faults: [] };
  if (error instanceof ConfigError) return { ...data, kind: "config", faults: error.faults };
  if (!(error instanceof Violation)) return { ...data, kind: "other" };
  return { ...data, kind: "violation", fields: error.fields, faults: error.faults };
}

/** The same again: of its class where someone may ask for that. */
export function thrownOf({ kind, message, name, stack, code, fields, faults }: ThrownData): Error {
  switch (kind) {
    case "config":
      return new ConfigError(faults as ConfigError["faults"]);
    case "violation":
      return new Violation(
        code as Violation["code"],
        message,
        fields,
        faults as Violation["faults"],
      );
    case "other": {
      const error = new Error(message);
      Object.defineProperty(error, "name", { value: name });
      Object.defineProperty(error, "stack", { value: stack });
      return code === undefined ? error : Object.assign(error, { code });
    }
  }
}
