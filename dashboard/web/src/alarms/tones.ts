// The alarm signals' bursts of pulses, IEC 60601-1-8:2006+A1:2012 tables 3 and 4. Pure.

import type { Priority } from "../api/types";

export interface Pulse {
  /** Seconds after the burst's beginning. */
  atS: number;
  lengthS: number;
}

export interface Burst {
  pulses: readonly Pulse[];
  lengthS: number;
  /** Silence before it sounds again; null: it sounds once. */
  pauseS: number | null;
}

function burst(lengthS: number, spacingsS: readonly number[], pauseS: number | null): Burst {
  const pulses: Pulse[] = [{ atS: 0, lengthS }];
  let atS = 0;
  for (const spacing of spacingsS) {
    atS += lengthS + spacing;
    pulses.push({ atS, lengthS });
  }
  return { pulses, lengthS: atS + lengthS, pauseS };
}

const HIGH_X = 0.1;
const HIGH_LENGTH = 0.14;
/** Between the third and the fourth pulse: 2x plus a pulse. */
const HIGH_GAP = 2 * HIGH_X + HIGH_LENGTH;
const HALF_HIGH = [HIGH_X, HIGH_X, HIGH_GAP, HIGH_X] as const;

/** High: ten pulses (3-2-3-2); medium: three; low: two. */
export const BURSTS: Readonly<Record<Priority, Burst>> = {
  high: burst(HIGH_LENGTH, [...HALF_HIGH, 0.6, ...HALF_HIGH], 4),
  medium: burst(0.2, [0.2, 0.2], 12),
  low: burst(0.2, [0.2], null),
};

/** Fundamental, Hz, and the strength of its harmonics: at least four within 15 dB, 300 to 4000 Hz. */
export const FUNDAMENTAL_HZ: Readonly<Record<Priority, number>> = { high: 660, medium: 523, low: 392 };
export const HARMONICS = [0, 1, 0.7, 0.55, 0.4, 0.3] as const;
