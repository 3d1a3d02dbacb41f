// A line through samples, broken where they are missing.

/** What a trace is drawn on; a canvas's context is one. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/** More samples than this in one device pixel are drawn as their lowest and highest. */
const MOST_PER_PIXEL = 3;

/**
 * Draw samples `from` to `to` (both included).
 *
 * `perPixel` is the number of samples in a device pixel. Above a few, each pixel's lowest and highest sample are drawn
 * in the order in which they came: no peak is lost, and the work is bounded by the pixels.
 */
export function trace(
  pen: Pen,
  sampleAt: (index: number) => number,
  from: number,
  to: number,
  xOf: (index: number) => number,
  yOf: (mv: number) => number,
  perPixel: number,
): void {
  const step = perPixel > MOST_PER_PIXEL ? Math.floor(perPixel) : 1;
  let down = false;
  const point = (index: number) => {
    const mv = sampleAt(index);
    if (Number.isNaN(mv)) down = false;
    else if (down) pen.lineTo(xOf(index), yOf(mv));
    else {
      pen.moveTo(xOf(index), yOf(mv));
      down = true;
    }
  };
  if (step === 1) {
    for (let i = from; i <= to; i++) point(i);
    return;
  }
  for (let begin = from; begin <= to; begin += step) {
    const end = Math.min(begin + step - 1, to);
    const turns = turningPoints(sampleAt, begin, end);
    for (const i of turns) point(i);
  }
}

/** First, lowest, highest and last sample of a stretch in their order; only the first where one is missing. */
function turningPoints(sampleAt: (index: number) => number, begin: number, end: number): number[] {
  let low = begin;
  let high = begin;
  for (let i = begin; i <= end; i++) {
    const mv = sampleAt(i);
    if (Number.isNaN(mv)) return range(begin, end); // a gap is drawn exactly where it is
    if (mv < sampleAt(low)) low = i;
    if (mv > sampleAt(high)) high = i;
  }
  return [begin, Math.min(low, high), Math.max(low, high), end];
}

const range = (begin: number, end: number) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i);
