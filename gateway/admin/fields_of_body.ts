import type { z } from "zod";
import type { Input } from "../entities/mod.ts";
import { coerced } from "./coercion.ts";
import { MalformedBody } from "./replies.ts";

/** More than any entity has, and than any configuration that people write. */
export const bodyBytesMax = 16 * 1024 ** 2;
/** How deep the names of a form may go: `config.add.headers[]` is three. */
const formDepthMax = 8;
const formFieldsMax = 10_000;
/** Elements of a list that a form may name by number. */
const formIndexMax = 1_000;

/** Whether names and values came as text alone, whose types are for the schema to say. */
export interface BodyFields {
  readonly given: Input;
  readonly isText: boolean;
}

/**
 * The fields in the body of a request: JSON, or a form in Kong's notation (`paths[]=`, `config.second=`).
 *
 * @throws {MalformedBody} when it is neither, or too large.
 */
export async function fieldsOfBody(request: Request): Promise<BodyFields> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const body = await textOf(request);
  if (type === "multipart/form-data") {
    const headers = { "content-type": request.headers.get("content-type")! };
    const form = await new Response(body, { headers }).formData().catch(() => undefined);
    if (!form) throw new MalformedBody("Cannot parse form body");
    return fieldsOfForm(
      [...form].flatMap(([name, value]) =>
        typeof value === "string" ? [[name, value] as const] : []
      ),
    );
  }
  const text = new TextDecoder().decode(body);
  if (type === "application/x-www-form-urlencoded") {
    return fieldsOfForm([...new URLSearchParams(text)]);
  }
  if (text.trim() === "") return { given: {}, isText: false };
  return { given: recordOf(text), isText: false };
}

/** What came as text, in the types that the schema wants. */
export function typedFields({ given, isText }: BodyFields, schema: z.ZodType): Input {
  return isText ? coerced(given, schema) : given;
}

function fieldsOfForm(pairs: readonly (readonly [string, string])[]): BodyFields {
  if (pairs.length > formFieldsMax) throw new MalformedBody("Too many form fields");
  const given: Record<string, unknown> = {};
  for (const [name, value] of pairs) place(given, stepsOf(name), value === "" ? null : value);
  return { given, isText: true };
}

/** `config.add.headers[1]` is `config`, `add`, `headers`, 0; `paths[]` ends with a step to the next element. */
function stepsOf(name: string): (string | number)[] {
  const steps = name.split(".").flatMap((part): (string | number)[] => {
    const [, key = part, index] = /^(.+)\[(\d*)\]$/.exec(part) ?? [];
    if (index === undefined) return [key];
    return [key, index === "" ? -1 : Number(index) - 1];
  });
  const isFair = steps.length <= formDepthMax && !steps.includes("__proto__") &&
    steps.every((step) => typeof step === "string" || (step >= -1 && step < formIndexMax));
  if (!isFair) throw new MalformedBody(`Cannot parse form field "${name}"`);
  return steps;
}

function place(
  into: Record<string, unknown> | unknown[],
  [step, ...rest]: readonly (string | number)[],
  value: unknown,
): void {
  const at = into as Record<string | number, unknown>;
  const key = step === -1 ? (into as unknown[]).length : step!;
  const [next] = rest;
  if (next === undefined) {
    const before = Object.hasOwn(at, key) ? at[key] : undefined;
    // A name that comes twice is a list, as in Kong.
    at[key] = before === undefined ? value : [before, value].flat();
    return;
  }
  const fits = typeof next === "number" ? Array.isArray(at[key]) : isRecord(at[key]);
  if (!fits) at[key] = typeof next === "number" ? [] : {};
  place(at[key] as Record<string, unknown>, rest, value);
}

function recordOf(text: string): Input {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below: what it is not does not depend on why.
  }
  throw new MalformedBody("Cannot parse JSON body");
}

export async function textOf(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request.body ?? []) {
    length += piece.byteLength;
    if (length > bodyBytesMax) throw new MalformedBody("The body is too large", 413);
    pieces.push(piece);
  }
  return await new Blob(pieces as Uint8Array<ArrayBuffer>[]).bytes();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
