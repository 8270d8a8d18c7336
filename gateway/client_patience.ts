/** A part of a body that has a deadline of its own, so that a large one has time and a slow one has an end. */
export const stretchBytes = 65_536;

const writeTimeouts = 6;
/** The longest delay that timers take. */
const timerMsMax = 2_147_483_647;

/**
 * How long, in ms, a client may let us wait for each {@linkcode stretchBytes} of its body, and to take each piece
 * of the answer, when it asks a service with this `write_timeout`. One piece of a body is due within a single
 * `write_timeout`; that alone would let a client send a byte at a time for hours.
 */
export function clientPatienceMs(writeTimeoutMs: number): number {
  return Math.min(writeTimeouts * writeTimeoutMs, timerMsMax);
}
