import { argon2id, argon2Verify } from "hash-wasm";

/** What the worker is asked. Answers come in any order, by `id`. */
export type PasswordTask =
  | { readonly id: number; readonly act: "hash"; readonly password: string }
  | {
    readonly id: number;
    readonly act: "verify";
    readonly password: string;
    readonly hash: string | undefined;
  };

export type PasswordAnswer =
  | { readonly id: number; readonly result: string | boolean }
  | { readonly id: number; readonly failure: string };

/**
 * Argon2id with 19 MiB, two passes, one lane.
 *
 * @see {@link https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html | OWASP, password storage}
 */
const cost = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 } as const;
const saltBytes = 16;

function hashOf(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  return argon2id({ ...cost, password, salt, outputType: "encoded" });
}

/** Of a password that nobody knows: verified when there is no account, so that this takes as long. */
const nobodysHash = hashOf(crypto.randomUUID());

async function perform(task: PasswordTask): Promise<string | boolean> {
  if (task.act === "hash") return await hashOf(task.password);
  const hash = task.hash ?? await nobodysHash;
  const matches = await argon2Verify({ password: task.password, hash });
  return matches && task.hash !== undefined;
}

async function answer(task: PasswordTask): Promise<PasswordAnswer> {
  try {
    return { id: task.id, result: await perform(task) };
  } catch (thrown) {
    return { id: task.id, failure: (thrown as Error).message };
  }
}

/** The worker's end of its channel: the library that describes it cannot be named in a published module. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<PasswordTask>) => void): void;
  postMessage(answer: PasswordAnswer): void;
}
const scope = globalThis as unknown as WorkerScope;

scope.addEventListener("message", async ({ data }) => scope.postMessage(await answer(data)));
