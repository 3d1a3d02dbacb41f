// Samples become frames of about a second, as edge/framer.py cuts them. Pure.
//
// A frame must hold at least 0.2 s, and nobody knows beforehand where a signal breaks off: a frame is cut only when 0.2 s
// more are at hand, so that the rest is long enough to be a frame of its own.

import { EcgFlag, type EcgFrame, FRAME_S_MIN } from "../wire/frames";

export const FRAME_S = 0.8;
/** Times that differ by no more are rounding, microseconds. */
const ROUNDING_US = 2;

/** Samples that follow each other, as a wearable gave them. */
export interface Chunk {
  t0Us: number;
  fsHz: number;
  lead: string;
  /** Units per mV. */
  gain: number;
  flags: number;
  samples: Int16Array;
}

export class Framer {
  /** Samples that stood alone between two gaps for less than 0.2 s: no frame may hold them. */
  samplesLost = 0;
  private seq = 0;
  private like: Chunk | null = null;
  private buffer: number[] = [];
  private flags: number[] = [];
  private anchorUs = 0;
  private cut = 0;
  private gap = false;
  private gapNext = false;

  constructor(private readonly bootId: number) {}

  /** Take a chunk and return the frames that it completes. */
  push(chunk: Chunk): EcgFrame[] {
    if (chunk.flags & EcgFlag.gapBefore) this.gapNext = true;
    if (chunk.samples.length === 0) return [];
    let frames: EcgFrame[] = [];
    if (this.like === null || this.breaks(this.like, chunk)) {
      frames = this.flush();
      this.begin(chunk);
    }
    const flags = chunk.flags & ~EcgFlag.gapBefore;
    for (const sample of chunk.samples) {
      this.buffer.push(sample);
      this.flags.push(flags);
    }
    const n = Math.round(FRAME_S * chunk.fsHz);
    const least = Math.ceil(FRAME_S_MIN * chunk.fsHz);
    while (this.buffer.length >= n + least) frames.push(this.take(n, this.like ?? chunk));
    return frames;
  }

  /** End the segment: what is left, as a frame; none when nothing is. */
  flush(): EcgFrame[] {
    const { like } = this;
    const left = this.buffer.length;
    const frames: EcgFrame[] = [];
    if (like !== null && left > 0) {
      if (left >= Math.ceil(FRAME_S_MIN * like.fsHz)) frames.push(this.take(left, like));
      else {
        this.samplesLost += left;
        this.gap = true;
      }
    }
    this.buffer = [];
    this.flags = [];
    this.like = null;
    return frames;
  }

  /** Whether a segment ends before the chunk; notes whether samples are missing there. */
  private breaks(like: Chunk, chunk: Chunk): boolean {
    const awayUs = chunk.t0Us - this.timeUs(this.cut + this.buffer.length, like);
    if (Math.abs(awayUs) > 1e6 / like.fsHz) this.gapNext = true;
    if (this.gapNext) return true;
    // Smaller differences are a sensor's clock: the times follow it.
    if (Math.abs(awayUs) > ROUNDING_US) this.anchorUs += awayUs;
    return chunk.fsHz !== like.fsHz || chunk.lead !== like.lead || chunk.gain !== like.gain;
  }

  private begin(chunk: Chunk): void {
    this.gap ||= this.gapNext;
    this.gapNext = false;
    this.like = chunk;
    this.anchorUs = chunk.t0Us;
    this.cut = 0;
  }

  private timeUs(n: number, like: Chunk): number {
    return this.anchorUs + Math.round((n * 1e6) / like.fsHz);
  }

  private take(n: number, like: Chunk): EcgFrame {
    let flags = this.gap ? EcgFlag.gapBefore : 0;
    for (const some of this.flags.splice(0, n)) flags |= some;
    this.gap = false;
    const frame = {
      bootId: this.bootId,
      seq: this.seq++,
      t0: Math.round(this.timeUs(this.cut, like)),
      fsMhz: Math.round(like.fsHz * 1000),
      lead: like.lead,
      gain: like.gain,
      baseline: 0,
      flags,
      samples: Int16Array.from(this.buffer.splice(0, n)),
    };
    this.cut += n;
    return frame;
  }
}
