/** Time, as it can be told and waited for. */
export interface Clock {
  /** Never goes back, and begins anywhere. */
  nowMs(): number;
  /** Calls `act` once, unless disposed of before. */
  after(delayMs: number, act: () => void): Disposable;
}

/** The longest delay that timers take. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, Math.min(delayMs, timerMsMax));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
