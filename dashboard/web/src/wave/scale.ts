// Millimetres on the screen, and how a lead is fitted into its height.

/** CSS defines 96 px as an inch; a calibrated wall display sets its scale so that this is true. */
export const PX_PER_MM = 96 / 25.4;
export const MM_PER_S = 25;
export const PX_PER_S = MM_PER_S * PX_PER_MM;

/** Gains that a monitor offers, mm/mV; 10 unless the wave would not fit or could hardly be seen. */
export const GAINS = [5, 10, 20] as const;
export type Gain = (typeof GAINS)[number];
/** Below this height at 10 mm/mV a wave is magnified, mm. */
const HARDLY_SEEN_MM = 4;

export interface Fit {
  gain: Gain;
  /** What is drawn on the middle line, mV. */
  centreMv: number;
}

/** Choose gain and centre for samples between `lowMv` and `highMv` in `heightPx`; `before` stays while they fit it. */
export function fitLead(lowMv: number, highMv: number, heightPx: number, before: Fit | null): Fit {
  const gain = chooseGain(highMv - lowMv, heightPx / PX_PER_MM, before?.gain ?? null);
  const reachMv = heightPx / PX_PER_MM / gain / 2;
  const stays =
    before !== null &&
    before.gain === gain &&
    lowMv >= before.centreMv - reachMv &&
    highMv <= before.centreMv + reachMv;
  return stays ? before : { gain, centreMv: (lowMv + highMv) / 2 };
}

function chooseGain(rangeMv: number, heightMm: number, before: Gain | null): Gain {
  const fits = (gain: Gain, share = 1) => rangeMv * gain <= heightMm * share;
  if (before === 20 && fits(20)) return 20;
  if (before === 5 && !fits(10, 0.85)) return 5;
  // Only from the start: an asystole must not be magnified into something.
  if (before === null && rangeMv > 0.05 && rangeMv * 10 < HARDLY_SEEN_MM && fits(20, 0.85)) return 20;
  return fits(10) ? 10 : 5;
}

/** Lowest and highest of the samples that are numbers; null when there are none. */
export function extent(sampleAt: (index: number) => number, from: number, to: number): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i <= to; i++) {
    const mv = sampleAt(i);
    if (mv < low) low = mv;
    if (mv > high) high = mv;
  }
  return low <= high ? [low, high] : null;
}

/** Digits of milliseconds that a screen can tell apart. */
export const MS_DIGITS = 0;
