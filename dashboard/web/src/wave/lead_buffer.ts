// The last seconds of one lead. Samples are kept by their time: what is missing is NaN, never joined over.

import { EcgFlag, type EcgRecord } from "../api/ecg_record";

const CAPACITY_S = 24;
/** A device's clock may wander this much between frames without there being a gap, microseconds. */
const WANDER_US = 20_000;

export class LeadBuffer {
  readonly ecgMv: Float32Array;
  /** Index of the newest sample; indices grow for ever and wrap in the array. */
  newest = -1;
  /** Time of index 0, UTC microseconds by the device's clock. */
  private originUs: number;

  constructor(
    readonly fsHz: number,
    readonly lead: string,
    firstUs: number,
    capacityS = CAPACITY_S,
  ) {
    this.ecgMv = new Float32Array(Math.ceil(capacityS * fsHz)).fill(Number.NaN);
    this.originUs = firstUs;
  }

  /** Whether a record continues this lead, rather than beginning another. */
  takes(record: EcgRecord): boolean {
    return record.fsHz === this.fsHz && record.lead === this.lead;
  }

  /** Put a record in its place in time; what is older than the buffer is left out. */
  add(record: EcgRecord): void {
    const size = this.ecgMv.length;
    const aheadUs = record.t0Us - this.timeOf(this.newest + 1);
    let first = Math.round(this.indexOf(record.t0Us));
    if (Math.abs(aheadUs) <= WANDER_US && !(record.flags & EcgFlag.gapBefore)) {
      first = this.newest + 1;
      this.originUs += aheadUs;
    }
    const last = first + record.ecgMv.length - 1;
    const oldest = Math.max(this.newest, last) - size + 1;
    for (let i = Math.max(this.newest + 1, oldest); i < first; i++) this.ecgMv[i % size] = Number.NaN;
    for (let i = Math.max(first, oldest, 0); i <= last; i++)
      this.ecgMv[i % size] = record.ecgMv[i - first] ?? Number.NaN;
    this.newest = Math.max(this.newest, last);
  }

  /** The sample at an index; NaN where there is none, or none any more. */
  at(index: number): number {
    if (index > this.newest || index < 0 || index <= this.newest - this.ecgMv.length) return Number.NaN;
    return this.ecgMv[index % this.ecgMv.length] ?? Number.NaN;
  }

  /** Index of a time, not rounded. */
  indexOf(tUs: number): number {
    return ((tUs - this.originUs) * this.fsHz) / 1e6;
  }

  timeOf(index: number): number {
    return this.originUs + (index * 1e6) / this.fsHz;
  }

  get endUs(): number {
    return this.timeOf(this.newest + 1);
  }
}
