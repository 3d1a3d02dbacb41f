// Time cut into passes of the sweep over a canvas. Pure.

export interface Stretch {
  /** When the pass began that this stretch is of. */
  passUs: number;
  fromUs: number;
  toUs: number;
}

/** Cut `fromUs`..`toUs` at the ends of passes of `lengthUs`, which is no whole number: rounding must neither stop time nor skip any. */
export function passesBetween(fromUs: number, toUs: number, lengthUs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let atUs = fromUs;
  for (let pass = Math.floor(fromUs / lengthUs); atUs < toUs; pass++) {
    const endUs = Math.min(toUs, (pass + 1) * lengthUs);
    if (endUs > atUs) stretches.push({ passUs: pass * lengthUs, fromUs: atUs, toUs: endUs });
    atUs = Math.max(atUs, endUs);
  }
  return stretches;
}
