import type { z } from "zod";
import type { Fault } from "../yaml_faults.ts";

export type { Fault };

/** Messages by field, nested as the fields are; `@entity` is about several of them. */
export interface FieldFaults {
  [field: string]: string | FieldFaults | (string | FieldFaults)[];
}

/** Kong's numbers for what can be wrong with a change. */
const names = {
  2: "schema violation",
  4: "foreign key violation",
  5: "unique constraint violation",
  7: "invalid offset",
  9: "invalid size",
  11: "invalid options",
} as const;

export type ViolationCode = keyof typeof names;

/** A change that the configuration cannot take. */
export class Violation extends Error {
  override readonly name = "Violation";

  constructor(
    readonly code: ViolationCode,
    message: string,
    readonly fields: FieldFaults = {},
    /** Of a schema violation: where, and what. */
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }

  get kind(): string {
    return names[this.code];
  }
}

/** @returns the violation that is all of `faults`, in Kong's shape. */
export function schemaViolation(faults: readonly Fault[]): Violation {
  const fields: FieldFaults = {};
  for (const { path, message } of faults) place(fields, path, message);
  const said = faults.map(({ path, message }) =>
    `${path.map(String).join(".") || "@entity"}: ${message}`
  );
  const count = said.length > 1 ? `${said.length} schema violations` : "schema violation";
  return new Violation(2, `${count} (${said.join("; ")})`, fields, faults);
}

/** What zod found, in Kong's words. An unknown field stands at its own place. */
export function faultsOf(issues: readonly z.core.$ZodIssue[]): Fault[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") {
      return [{ path: issue.path, message: messageOf(issue) }];
    }
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: "unknown field" }));
  });
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.expected === "never") return issue.message;
      return issue.message.endsWith("received undefined")
        ? "required field missing"
        : `expected ${article(issue.expected)}`;
    case "invalid_value":
      return issue.message.endsWith("received undefined")
        ? "required field missing"
        : `expected one of: ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return issue.origin === "array" || issue.origin === "string"
        ? `length must be at least ${issue.minimum}`
        : `value should be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "array" || issue.origin === "string"
        ? `length must be at most ${issue.maximum}`
        : `value should be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function article(type: string): string {
  if (type === "int") return "an integer";
  if (type === "object" || type === "record") return "a record";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function place(fields: FieldFaults, path: readonly PropertyKey[], message: string): void {
  const [first, ...rest] = path.map(String);
  if (first === undefined) {
    const others = fields["@entity"];
    fields["@entity"] = [...Array.isArray(others) ? others : [], message];
    return;
  }
  let at: Record<string, unknown> = fields;
  let key = first;
  for (const step of rest) {
    if (typeof at[key] !== "object") at[key] = /^\d+$/.test(step) ? [] : {};
    at = at[key] as Record<string, unknown>;
    key = step;
  }
  at[key] ??= message;
}
