/** Given to a program whose supervisor holds its standard input: the input ends when the supervisor does. */
export const supervisedFlag = "--supervised";

/**
 * Resolves when the process is asked to stop: with the signal's name, or, when it is supervised, with
 * `supervisor-ended`. What is asked later changes nothing.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
    if (Deno.args.includes(supervisedFlag)) inputEnds().then(() => resolve("supervisor-ended"));
  });
}

async function inputEnds(): Promise<void> {
  const ignored = new Uint8Array(64);
  while (await Deno.stdin.read(ignored) !== null);
}
