/** How many bytes of answers may be held at one time while they are still on their way. */
export class FillingBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @returns false, and takes nothing, when there are not so many left. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface Collecting {
  readonly bytesMax: number;
  readonly budget: FillingBudget;
  /** Told when the body has ended well and all of it fits. */
  onWhole(body: Uint8Array<ArrayBuffer>): void;
}

/** `body`, piece by piece as it is asked for. Beyond a limit nothing is collected any more; the body goes on. */
export function collected(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { bytesMax, budget, onWhole }: Collecting,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let pieces: Uint8Array<ArrayBuffer>[] | undefined = [];
  let length = 0;
  const letGo = () => {
    budget.give(length);
    length = 0;
    pieces = undefined;
  };
  const collect = (piece: Uint8Array<ArrayBuffer>) => {
    if (!pieces) return;
    if (length + piece.byteLength > bytesMax || !budget.take(piece.byteLength)) return letGo();
    length += piece.byteLength;
    // A copy: whoever reads on may hand the memory over.
    pieces.push(piece.slice());
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const piece = await reader.read();
        if (!piece.done) {
          collect(piece.value);
          return controller.enqueue(piece.value);
        }
        if (pieces) onWhole(joined(pieces, length));
        letGo();
        controller.close();
      } catch (thrown) {
        letGo();
        controller.error(thrown);
      }
    },
    async cancel(reason) {
      letGo();
      await reader.cancel(reason).catch(() => {/* It has ended already. */});
    },
  }, { highWaterMark: 0 });
}

function joined(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  length: number,
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
