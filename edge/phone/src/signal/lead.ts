// The last seconds of the lead, for the line that moves on the screen. A gap stays a gap.

export class Lead {
  private readonly mv: Float32Array;
  private headUs = 0;
  private head = -1;

  constructor(
    readonly fsHz: number,
    seconds: number,
  ) {
    this.mv = new Float32Array(Math.round(fsHz * seconds)).fill(Number.NaN);
  }

  /** Time just after the newest sample, UTC microseconds. */
  get endUs(): number {
    return this.headUs;
  }

  add(t0Us: number, samples: readonly number[]): void {
    const stepUs = 1e6 / this.fsHz;
    const missing = this.head < 0 ? 0 : Math.round((t0Us - this.headUs) / stepUs);
    if (missing < -2 || missing > this.mv.length) this.mv.fill(Number.NaN);
    else for (let i = 0; i < missing; i++) this.push(Number.NaN);
    for (const mv of samples) this.push(mv);
    this.headUs = t0Us + samples.length * stepUs;
  }

  /** The sample at a time; NaN where there is none. */
  at(tUs: number): number {
    const back = Math.floor(((this.headUs - tUs) / 1e6) * this.fsHz);
    if (this.head < 0 || back < 0 || back >= this.mv.length) return Number.NaN;
    return this.mv[(this.head - back + this.mv.length) % this.mv.length] ?? Number.NaN;
  }

  private push(mv: number): void {
    this.head = (this.head + 1) % this.mv.length;
    this.mv[this.head] = mv;
  }
}
