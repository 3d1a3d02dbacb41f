// The server's clock, as well as this browser can know it. Freshness is counted by it, never by the browser's
// own clock, which may be wrong.

import { signal } from "@preact/signals";

const WINDOW = 30;

/** Offset between two clocks: what took the shortest way to us is nearest to the truth. */
export class OffsetEstimate {
  private readonly recent: number[] = [];

  /** Add what the other clock said when ours said `oursUs`; return the offset, other minus ours. */
  add(theirsUs: number, oursUs: number): number {
    this.recent.push(theirsUs - oursUs);
    if (this.recent.length > WINDOW) this.recent.shift();
    return Math.max(...this.recent);
  }
}

/** Microseconds of a clock that never jumps. */
export const monotonicUs = () => performance.now() * 1000;

let estimate = new OffsetEstimate();
let offsetUs: number | null = null;

export function heardServerTime(nowUs: number): void {
  const ours = monotonicUs();
  if (offsetUs !== null && Math.abs(nowUs - ours - offsetUs) > 60e6) estimate = new OffsetEstimate(); // it was set anew
  offsetUs = estimate.add(nowUs, ours);
}

/** The server's time now, UTC microseconds; the browser's own until the server was heard. */
export const serverNowUs = () => (offsetUs === null ? Date.now() * 1000 : monotonicUs() + offsetUs);

/** The server's time at a moment of the monotonic clock, UTC microseconds. */
export const serverTimeOf = (atUs: number) => serverNowUs() - (monotonicUs() - atUs);

/** Ticks four times a second, for texts that count time. */
export const tickUs = signal(serverNowUs());
setInterval(() => {
  tickUs.value = serverNowUs();
}, 250);
