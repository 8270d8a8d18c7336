import { type DeadLetter, type DeadLetters, parseEvent } from "platform/events";

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface DeadLetterTools {
  readonly open: (source: string, group: string) => Promise<DeadLetters>;
  readonly say: (text: string) => void;
}

const usage = "Usage: deno task dead-letters list SOURCE GROUP | replay SOURCE GROUP ID|all";
const listedMax = 1_000;

/** @throws {UsageError} when `args` are no command, or name a letter that is not there. */
export async function runDeadLetters(
  [command, source, group, id, ...more]: readonly string[],
  { open, say }: DeadLetterTools,
): Promise<void> {
  if (!source || !group || more.length > 0) throw new UsageError(usage);
  const letters = () => open(source, group);
  if (command === "list" && id === undefined) return await list(await letters(), say);
  if (command === "replay" && id !== undefined) return await replay(await letters(), id, say);
  throw new UsageError(usage);
}

async function list(letters: DeadLetters, say: (text: string) => void): Promise<void> {
  const listed = await letters.list(listedMax);
  for (const letter of listed) say(lineOf(letter));
  say(`${listed.length}${listed.length === listedMax ? " or more" : ""} dead letters`);
}

async function replay(
  letters: DeadLetters,
  id: string,
  say: (text: string) => void,
): Promise<void> {
  const ids = id === "all" ? (await letters.list(listedMax)).map((letter) => letter.id) : [id];
  for (const each of ids) {
    if (!await letters.replay(each)) throw new UsageError(`There is no dead letter ${each}`);
    say(`Replayed ${each}`);
  }
}

/** What an operator needs to tell one from another. Not its data. */
function lineOf({ id, at, attempts, reason, text }: DeadLetter): string {
  return [id, at.toISOString(), `${attempts} attempts`, reason, nameOf(text)].join("  ");
}

function nameOf(text: string): string {
  const event = parseEvent(text);
  return event ? `${event.type} ${event.subject}` : `${text.length} characters`;
}
