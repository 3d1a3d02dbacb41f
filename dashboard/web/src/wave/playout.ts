// When to show which sample: a frame of a second comes at once and is to be drawn in a second. The playhead runs
// evenly, just far enough behind that the next frame is there before it is needed.

const FRAMES = 12;
/** Spare time against jitter, microseconds. */
const MARGIN_US = 300_000;
/** Beyond this the playhead jumps; below, it is slewed. */
const JUMP_US = 1_500_000;
const SLEW = 0.05;

export class Playout {
  /** Device's time minus our monotonic time at the playhead, microseconds; null before the first frame. */
  shiftUs: number | null = null;
  private readonly slack: number[] = [];
  private slewedUs = 0;
  private arrivedUs = Number.NEGATIVE_INFINITY;

  /** A frame whose first sample is of `t0Us`, `lengthUs` long, arrived at `nowUs` of the monotonic clock. */
  arrived(t0Us: number, lengthUs: number, nowUs: number): void {
    // Frames on each other's heels come out of an outbox: only the newest of them says how late signal is now.
    if (nowUs - this.arrivedUs < lengthUs / 2) this.slack.pop();
    this.arrivedUs = nowUs;
    this.slack.push(t0Us - nowUs);
    if (this.slack.length > FRAMES) this.slack.shift();
    if (this.shiftUs === null) {
      this.shiftUs = this.wantedUs;
      this.slewedUs = nowUs;
    }
  }

  private get wantedUs(): number {
    return Math.min(...this.slack) - MARGIN_US;
  }

  /** Move towards where the playhead should be; return whether it jumped. */
  slew(nowUs: number): boolean {
    if (this.shiftUs === null) return false;
    const missing = this.wantedUs - this.shiftUs;
    const most = (nowUs - this.slewedUs) * SLEW;
    this.slewedUs = nowUs;
    if (Math.abs(missing) > JUMP_US) {
      this.shiftUs += missing;
      return true;
    }
    this.shiftUs += Math.max(-most, Math.min(most, missing));
    return false;
  }

  /** Forget what arrived before a break. */
  reset(): void {
    this.slack.length = 0;
    this.shiftUs = null;
    this.arrivedUs = Number.NEGATIVE_INFINITY;
  }
}
