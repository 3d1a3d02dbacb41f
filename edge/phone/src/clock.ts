// UTC as the phone tells it: its own clock, corrected by the server's where it is wrong. A press at 14:02 must not be filed
// at 12:02.
//
// An answer of the server says its time to half its round trip: somewhere between `offset - rtt/2` and `offset + rtt/2`
// lies how far the phone is off. The answer with the least round trip counts. Where 0 is in that interval the phone is
// presumed right and left alone; else it is corrected by the middle. That somebody sets the phone's clock meanwhile is
// seen against the clock that nobody can set (`performance.now`).

/** An answer that is so old says less than a slower one of now: clocks drift. */
const OLD_US = 600e6;
/** The two clocks of the phone differ by more than before: it was set, or it slept. */
const STEP_US = 100_000;
/** A correction that is known worse than this is marked on the signal. */
export const SHARP_US = 50_000;
/** Set to within so much of the server's time, a clock was set right. */
const RIGHT_US = 2e6;
/** A correction that changes by more is not worn off: ahead it is a gap, back it begins a run. */
export const JUMP_US = 250_000;

export interface Clocks {
  /** UTC that anybody may set, microseconds. */
  wallUs(): number;
  /** Goes on and on, whatever is set; microseconds of any epoch. */
  steadyUs(): number;
}

const ofPhone: Clocks = { wallUs: () => Date.now() * 1000, steadyUs: () => performance.now() * 1000 };

interface Known {
  offsetUs: number;
  halfUs: number;
  atUs: number;
}

export class Clock {
  /** What is told jumped by so much, microseconds: what follows it closely has to know. */
  onJump: (byUs: number) => void = () => undefined;
  /** The phone's clock was set, or the phone slept: the server is to be asked. */
  onStep: () => void = () => undefined;
  /** What is added to the phone's clock; 0 while it is presumed right. */
  correctionUs = 0;
  private known: Known | null = null;
  private isUnsure = false;
  /** The clock that can be set, less the one that cannot. */
  private aheadUs: number;
  private toldUs = 0;

  constructor(private readonly clocks: Clocks = ofPhone) {
    this.aheadUs = this.lookAhead();
  }

  /** Whether what is told may be off by more than 50 ms, as far as is known. */
  get isEstimated(): boolean {
    return this.isUnsure || (this.correctionUs !== 0 && !this.isSharp);
  }

  /** Whether the server's time is known to 50 ms. */
  get isSharp(): boolean {
    return this.known !== null && this.known.halfUs <= SHARP_US;
  }

  steadyUs(): number {
    return this.clocks.steadyUs();
  }

  /** UTC as well as it is known, microseconds; a better answer of the server may take some of it back. */
  nowUs(): number {
    this.look();
    return this.clocks.steadyUs() + this.aheadUs + this.correctionUs;
  }

  /** UTC to mark something with: within a run never before what was told. */
  stampUs(): number {
    this.toldUs = Math.max(this.toldUs, this.nowUs());
    return this.toldUs;
  }

  /** Begin with what a page before this one knew, until the server is heard. */
  assume(correctionUs: number): void {
    if (this.known !== null || correctionUs === 0) return;
    this.correctionUs = correctionUs;
    this.isUnsure = true;
  }

  /** The server said its time; the question left and the answer came at these times of the steady clock. */
  learn(serverUs: number, leftUs: number, cameUs: number): void {
    this.look();
    const halfUs = (cameUs - leftUs) / 2;
    const offsetUs = Math.round(serverUs - (leftUs + halfUs + this.aheadUs));
    const { known } = this;
    const isOld = known === null || this.isUnsure || cameUs - known.atUs > OLD_US;
    // Where the two exclude each other, something has changed meanwhile: the newer one is true.
    const isOther = known !== null && Math.abs(offsetUs - known.offsetUs) > halfUs + known.halfUs;
    if (!isOld && !isOther && halfUs >= known.halfUs) return;
    this.known = { offsetUs, halfUs, atUs: cameUs };
    this.isUnsure = false;
    this.correct(Math.abs(offsetUs) <= halfUs ? 0 : offsetUs);
  }

  /** See whether the phone's clock was set; to be called now and then. */
  look(): void {
    const aheadUs = this.lookAhead();
    const stepUs = aheadUs - this.aheadUs;
    this.aheadUs = aheadUs;
    if (Math.abs(stepUs) < STEP_US) return;
    const { known } = this;
    if (known !== null) known.offsetUs -= stepUs;
    // A step back is a clock that was set, and what the server said still tells the time. A step ahead may be a sleep, in
    // which the steady clock stands still, unless it takes a wrong clock to where it should be.
    const isSetRight = this.correctionUs !== 0 && known !== null && Math.abs(known.offsetUs) < RIGHT_US + known.halfUs;
    if (known !== null && (stepUs < 0 || isSetRight)) {
      this.correctionUs -= stepUs;
      this.isUnsure ||= stepUs > 0;
    } else {
      this.isUnsure = true;
      if (stepUs < 0) this.jump(stepUs);
    }
    this.onStep();
  }

  private correct(correctionUs: number): void {
    const byUs = correctionUs - this.correctionUs;
    this.correctionUs = correctionUs;
    if (byUs !== 0) this.jump(byUs);
  }

  private jump(byUs: number): void {
    if (byUs < -JUMP_US) this.toldUs = 0;
    this.onJump(byUs);
  }

  /** How far the one clock is ahead of the other; read again where somebody held us up in between. */
  private lookAhead(): number {
    let [aheadUs, leastUs] = [0, Number.POSITIVE_INFINITY];
    for (let tries = 0; tries < 5 && leastUs > 1000; tries++) {
      const beforeUs = this.clocks.steadyUs();
      const wallUs = this.clocks.wallUs();
      const tookUs = this.clocks.steadyUs() - beforeUs;
      if (tookUs < leastUs) [aheadUs, leastUs] = [wallUs - beforeUs, tookUs];
    }
    return aheadUs;
  }
}

export const clock = new Clock();
