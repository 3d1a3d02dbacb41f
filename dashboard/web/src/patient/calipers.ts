// What calipers measure: an interval with its rate, and a height. Pure.

export interface Calipers {
  /** Two times, seconds from the strip's beginning: like those of brass they stay where they are when the paper moves. */
  aS: number;
  bS: number;
  /** Two heights, shares of the paper from its top. */
  topShare: number;
  bottomShare: number;
  /** Steps of the interval are marked along the strip. */
  march: boolean;
}

/** Most marks of one march. */
const MARKS_MOST = 200;

/** In the middle of a strip, a beat of 75 a minute apart. */
export const placed = (stripS: number): Calipers => ({
  aS: stripS / 2 - 0.4,
  bS: stripS / 2 + 0.4,
  topShare: 0.3,
  bottomShare: 0.6,
  march: false,
});

export const intervalS = ({ aS, bS }: Calipers): number => Math.abs(bS - aS);

/** Beats a minute of that interval; null where there is none. */
export function ratePerMinute(calipers: Calipers): number | null {
  const seconds = intervalS(calipers);
  return seconds >= 0.02 ? 60 / seconds : null;
}

/** Where the steps of the interval fall on a strip besides the two legs, seconds. */
export function marks(calipers: Calipers, stripS: number): number[] {
  const step = intervalS(calipers);
  if (!calipers.march || step < 0.1) return [];
  const first = Math.min(calipers.aS, calipers.bS);
  const found: number[] = [];
  for (let n = Math.ceil(-first / step); first + n * step <= stripS && found.length < MARKS_MOST; n++) {
    if (n !== 0 && n !== 1) found.push(first + n * step);
  }
  return found;
}

const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));

/** The calipers with one leg moved, kept on the paper. */
export function moved(calipers: Calipers, leg: Leg, by: number, stripS: number): Calipers {
  const most = leg === "aS" || leg === "bS" ? stripS : 1;
  return { ...calipers, [leg]: clamp(calipers[leg] + by, most) };
}

export type Leg = "aS" | "bS" | "topShare" | "bottomShare";
