// The phone's clock, set right where it is wrong: a press at 14:02 must not be filed at 12:02. The server's time comes with
// half a round trip of doubt; a phone that is right to half a second is left alone.

const RIGHT_US = 500_000;

export class Clock {
  /** What is added to the phone's clock; 0 while it is right. */
  offsetUs = 0;
  private roundTripUs = Number.POSITIVE_INFINITY;
  private learnedMs = 0;

  /** The server said its time; the question left and the answer came at these times of the phone. */
  learn(serverUs: number, leftUs: number, cameUs: number): void {
    const roundTripUs = cameUs - leftUs;
    const offsetUs = serverUs - (leftUs + cameUs) / 2;
    const isRight = Math.abs(offsetUs) < RIGHT_US + roundTripUs / 2;
    const isOld = performance.now() - this.learnedMs > 600_000;
    const isOther = Math.abs(offsetUs - this.offsetUs) > 1e6;
    if (!isRight && !isOld && !isOther && roundTripUs >= this.roundTripUs) return; // a better answer is at hand
    this.roundTripUs = roundTripUs;
    this.learnedMs = performance.now();
    this.offsetUs = isRight ? 0 : Math.round(offsetUs);
  }

  get isWrong(): boolean {
    return this.offsetUs !== 0;
  }

  nowUs(): number {
    return Date.now() * 1000 + this.offsetUs;
  }
}

export const clock = new Clock();
