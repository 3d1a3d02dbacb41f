// The wearable's clock, told in UTC: a line through the packets that came with least delay. Pure.
//
// A packet arrives late by what the air and the phone take, never early; so of each few seconds the one that came
// soonest counts. Through those of the last ten minutes goes a line: where the clocks stand, and how they drift apart.
// What is told follows the line slowly, never backwards, and by less than a sample at a time, so that a better estimate
// never looks like samples lost.

/** Of each span of so long, the packet with the least delay counts. */
const SPAN_US = 10_000_000;
const SPANS = 60;
/** No quartz is further from true: 500 parts in a million. */
const DRIFT_MAX = 5e-4;
/** The line is given a slope once it is longer than this. */
const SLOPE_FROM_US = 60_000_000;
/** How fast what is told follows the line: 5 ms each second, so 50 ms are made up in ten. */
const FOLLOW = 5e-3;
/** Further away than this, one of the two clocks was set: begin anew. */
const JUMP_US = 2_000_000;

interface Point {
  deviceUs: number;
  aheadUs: number;
}

export class ClockLine {
  private points: Point[] = [];
  private toldAheadUs: number | null = null;
  private lastDeviceUs = 0;

  /** A packet whose last sample is of `deviceUs` by the wearable's clock arrived at `arrivedUs`, UTC. Returns whether a
   * clock was set in between, so that times begin anew. */
  heard(deviceUs: number, arrivedUs: number): boolean {
    const aheadUs = arrivedUs - deviceUs;
    const last = this.points.at(-1);
    const isBack = last !== undefined && deviceUs < this.lastDeviceUs;
    // Far too early is impossible unless a clock was set; too late may be a packet held up, but not for so long.
    const isSet =
      this.toldAheadUs !== null && (aheadUs < this.toldAheadUs - JUMP_US || aheadUs > this.toldAheadUs + 4 * JUMP_US);
    const isNew = isBack || isSet;
    if (isNew) {
      this.points = [];
      this.toldAheadUs = null;
    }
    const span = Math.floor(deviceUs / SPAN_US);
    const newest = this.points.at(-1);
    if (newest === undefined || Math.floor(newest.deviceUs / SPAN_US) !== span) {
      this.points.push({ deviceUs, aheadUs });
      if (this.points.length > SPANS) this.points.shift();
    } else if (aheadUs < newest.aheadUs) {
      newest.deviceUs = deviceUs;
      newest.aheadUs = aheadUs;
    }
    this.follow(deviceUs);
    this.lastDeviceUs = deviceUs;
    return isNew;
  }

  /** UTC is told otherwise from now on, by so much: what arrived before arrived then by that much earlier or later. */
  shift(byUs: number): void {
    for (const point of this.points) point.aheadUs += byUs;
  }

  /** How far what is told is from what is known by now. */
  get awayUs(): number {
    return this.toldAheadUs === null ? 0 : Math.abs(this.lineAt(this.lastDeviceUs) - this.toldAheadUs);
  }

  /** UTC microseconds of a time of the wearable's clock, near the latest packet. */
  utcUs(deviceUs: number): number {
    return Math.round(deviceUs + (this.toldAheadUs ?? 0));
  }

  /** How much slower the wearable's clock runs than UTC, parts in a million; null before it can be told. */
  get driftPpm(): number | null {
    const slope = this.slope();
    return slope === null ? null : slope * 1e6;
  }

  private follow(deviceUs: number): void {
    const wantedUs = this.lineAt(deviceUs);
    if (this.toldAheadUs === null) {
      this.toldAheadUs = wantedUs;
      return;
    }
    const most = Math.max(0, deviceUs - this.lastDeviceUs) * FOLLOW;
    this.toldAheadUs += Math.max(-most, Math.min(most, wantedUs - this.toldAheadUs));
  }

  /** The line at a time. Short of a slope, the least delay of all: a packet is never early. */
  private lineAt(deviceUs: number): number {
    const slope = this.slope();
    if (slope === null) return Math.min(...this.points.map((point) => point.aheadUs));
    // The offset is the mean distance from a line of that slope: spans differ in their least delay by little.
    const levels = this.points.map((point) => point.aheadUs + slope * (deviceUs - point.deviceUs));
    return levels.reduce((sum, level) => sum + level, 0) / levels.length;
  }

  private slope(): number | null {
    const [first] = this.points;
    const last = this.points.at(-1);
    if (first === undefined || last === undefined || last.deviceUs - first.deviceUs < SLOPE_FROM_US) return null;
    const n = this.points.length;
    const meanX = this.points.reduce((sum, point) => sum + (point.deviceUs - first.deviceUs), 0) / n;
    const meanY = this.points.reduce((sum, point) => sum + (point.aheadUs - first.aheadUs), 0) / n;
    let xy = 0;
    let xx = 0;
    for (const point of this.points) {
      const x = point.deviceUs - first.deviceUs - meanX;
      xy += x * (point.aheadUs - first.aheadUs - meanY);
      xx += x * x;
    }
    return Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, xy / xx));
  }
}
