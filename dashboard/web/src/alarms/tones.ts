// The alarm signals' bursts of pulses, IEC 60601-1-8:2006+A1:2012 tables 3 and 4, and their melodies, annex F. Pure.

import type { Family, Priority } from "../api/types";

export interface Pulse {
  /** Seconds after the burst's beginning. */
  atS: number;
  lengthS: number;
  /** Of the fundamental, Hz. */
  hz: number;
}

export interface Burst {
  pulses: readonly Pulse[];
  lengthS: number;
  /** Silence before it sounds again; null: it sounds once. */
  pauseS: number | null;
}

function burst(lengthS: number, spacingsS: readonly number[], notes: readonly number[], pauseS: number | null): Burst {
  const pulses: Pulse[] = [];
  let atS = 0;
  notes.forEach((hz, i) => {
    if (i > 0) atS += lengthS + (spacingsS[i - 1] ?? 0);
    pulses.push({ atS, lengthS, hz });
  });
  return { pulses, lengthS: atS + lengthS, pauseS };
}

const HIGH_X = 0.1;
const HIGH_LENGTH = 0.14;
/** Between the third and the fourth pulse: 2x plus a pulse. */
const HIGH_GAP = 2 * HIGH_X + HIGH_LENGTH;
const HALF_HIGH = [HIGH_X, HIGH_X, HIGH_GAP, HIGH_X] as const;

/** High: ten pulses (3-2-3-2), five notes twice; medium: three; low: two. */
function bursts(high: readonly number[], medium: readonly number[], low: readonly number[]): Record<Priority, Burst> {
  return {
    high: burst(HIGH_LENGTH, [...HALF_HIGH, 0.6, ...HALF_HIGH], [...high, ...high], 4),
    medium: burst(0.2, [0.2, 0.2], medium, 12),
    low: burst(0.2, [0.2], low, null),
  };
}

const C4 = 261.6;
const E4 = 329.6;
const G4 = 392;
const C5 = 523.3;

/** Who knows them hears from the next room whether it is a heart ("cardiovascular") or the system ("equipment failure"). */
export const BURSTS: Readonly<Record<Family, Readonly<Record<Priority, Burst>>>> = {
  clinical: bursts([C4, E4, G4, G4, C5], [C4, E4, G4], [E4, C4]),
  technical: bursts([C5, C4, C4, C5, C4], [C5, C4, C4], [C4, C4]),
};

/** Strength of the harmonics: at least four of 300 to 4000 Hz within 15 dB of the strongest. */
export const HARMONICS = [0, 1, 0.7, 0.55, 0.4, 0.3] as const;
/** A pulse rises and falls within this share of it; 10 to 90 % of the rise take 0.8 of that. */
export const RISE_SHARE = 0.2;
/** A greater priority is never the quieter one. */
export const LOUDNESS: Readonly<Record<Priority, number>> = { high: 0.32, medium: 0.24, low: 0.16 };

/** While something that should call does not: one soft pulse now and then. */
export const REMINDER: Burst = burst(0.25, [], [C4], null);
export const REMINDER_LOUDNESS = 0.1;
