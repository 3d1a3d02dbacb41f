// How long to wait before the next try: doubling, bounded, and jittered so that a ward full of screens does not
// come back in the same instant.

export const FIRST_MS = 500;
export const LONGEST_MS = 5000;

/** Wait before try number `attempt` (0 is the first), milliseconds; `random` in 0..1. */
export function waitMs(attempt: number, random: number): number {
  const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return bound * (0.5 + random / 2);
}
