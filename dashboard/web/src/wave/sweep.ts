// A lead that sweeps over its place like a bedside monitor: new signal is drawn at a moving front, an erase bar runs
// ahead of it. The front's place depends on the time alone, so that all leads of one width sweep as one.

import type { LeadBuffer } from "./lead_buffer";
import type { Beat, Lead } from "./leads";
import { passesBetween, type Stretch } from "./passes";
import { extent, type Fit, fitLead, type Gain, PX_PER_S } from "./scale";
import type { Painter } from "./sheet";
import { trace } from "./trace";

const ERASE_PX = 14;
/** A lack of samples up to this long between two paintings is the playhead's doing, s. */
const JOINED_S = 0.05;
/** A wave that does not fit is fitted anew, but no more often than this, microseconds. */
const CLIPPED_US = 1e6;
const LINE_PX = 1.6;
/** Half of a beat's mark. */
const MARK_PX = 9;
/** What a fit looks back on, s. */
const LOOK_BACK_S = 4;
/** A longer break between two paintings (a hidden page) is painted anew as a whole, microseconds. */
const LONG_BREAK_US = 500_000;
const PX_PER_US = PX_PER_S / 1e6;

export interface SweepOptions {
  lead: () => Lead | undefined;
  /** Not running: nothing is drawn. */
  isRunning: () => boolean;
  /** Height kept free for marks of beats above the trace, CSS px; 0 draws none. */
  beatsPx?: number;
  onGain: (gain: Gain) => void;
}

/** Of beats' marks: those of normal beats stay in the background. */
export interface BeatColours {
  normal: string;
  other: string;
}

export class Sweep implements Painter {
  private width = 1;
  private height = 1;
  private fitted: Fit | null = null;
  private drawnUs = 0;
  private markedUs = 0;
  /** The last sample drawn, and of which buffer. */
  private drawnTo = 0;
  private drawnBuffer: LeadBuffer | null = null;
  /** Something did not fit into the height, and when that was last looked at. */
  private clipped = false;
  private judgedUs = 0;
  private stopped = true;
  private begunUs = 0;
  private settled = false;
  private colour = "";
  private font = "";
  private beatColours: BeatColours = { normal: "", other: "" };

  /** `element` has the wave's colours and font. */
  constructor(
    private readonly element: Element,
    private readonly options: SweepOptions,
  ) {}

  resize(widthPx: number, heightPx: number): void {
    this.width = widthPx;
    this.height = heightPx;
    this.fitted = null;
    this.repaint();
  }

  /** Paint everything anew with the next frame: size, place or colours changed. */
  repaint(): void {
    this.drawnUs = 0;
    const style = getComputedStyle(this.element);
    this.colour = style.getPropertyValue("--trace");
    this.font = `600 11px ${style.fontFamily}`;
    this.beatColours = beatColours(style);
  }

  paint(context: CanvasRenderingContext2D, nowUs: number, ratio: number): void {
    if (!this.options.isRunning()) {
      // A wave that stands still could be taken for a healthy one.
      if (!this.stopped) context.clearRect(0, 0, this.width, this.height);
      this.stopped = true;
      return;
    }
    if (this.stopped) this.begin(nowUs);
    const lead = this.options.lead();
    lead?.playout.slew(nowUs);
    if (nowUs - this.drawnUs > LONG_BREAK_US) this.wipe(context, lead, nowUs);
    this.sweepTo(context, lead, nowUs, ratio);
    if (this.options.beatsPx && lead) this.markBeats(context, lead, nowUs);
  }

  private get passUs(): number {
    return this.width / PX_PER_US;
  }

  /** Begin anew with everything that one pass shows. */
  private wipe(context: CanvasRenderingContext2D, lead: Lead | undefined, nowUs: number): void {
    context.clearRect(0, 0, this.width, this.height);
    this.refit(lead, nowUs);
    this.drawnUs = Math.max(this.begunUs, nowUs - this.passUs + ERASE_PX / PX_PER_US);
    this.markedUs = 0;
  }

  private sweepTo(context: CanvasRenderingContext2D, lead: Lead | undefined, nowUs: number, ratio: number): void {
    for (const { passUs, fromUs, toUs } of passesBetween(this.drawnUs, nowUs, this.passUs)) {
      this.advance(context, lead, { passUs, fromUs, toUs }, ratio);
      this.drawnUs = toUs;
      // The scale is judged once a pass, and soon after the beginning, when there is enough to judge by.
      const isSettled = this.settled || nowUs - this.begunUs > LOOK_BACK_S * 1e6;
      const mustFit = this.clipped && nowUs - this.judgedUs > CLIPPED_US;
      const judge = toUs < nowUs || isSettled !== this.settled || mustFit;
      this.settled = isSettled;
      if (judge && this.refit(lead, nowUs)) {
        this.drawnUs = 0;
        return;
      }
    }
  }

  /** After a standstill nothing of before is shown as if it belonged to now. */
  private begin(nowUs: number): void {
    this.stopped = false;
    this.begunUs = nowUs;
    this.settled = false;
    this.fitted = null;
    this.drawnUs = 0;
  }

  private advance(
    context: CanvasRenderingContext2D,
    lead: Lead | undefined,
    { passUs, fromUs, toUs }: Stretch,
    ratio: number,
  ): void {
    const xOfUs = (us: number) => (us - passUs) * PX_PER_US;
    this.erase(context, xOfUs(fromUs), xOfUs(toUs) + ERASE_PX);
    const shiftUs = lead?.playout.shiftUs;
    if (lead === undefined || shiftUs === null || shiftUs === undefined || this.fitted === null) {
      this.refit(lead, toUs);
      return;
    }
    const { buffer } = lead;
    const { fitted } = this;
    const top = this.options.beatsPx ?? 0;
    const middle = top + (this.height - top) / 2;
    const pxPerMv = (fitted.gain * PX_PER_S) / 25;
    const bottom = this.height - 1;
    const from = Math.floor(buffer.indexOf(fromUs + shiftUs));
    const to = Math.floor(buffer.indexOf(toUs + shiftUs));
    // The playhead is slewed between two paintings: begin where the line ended, or it would be broken there.
    const isNext = buffer === this.drawnBuffer && from > this.drawnTo && from - this.drawnTo < JOINED_S * buffer.fsHz;
    this.drawnBuffer = buffer;
    context.strokeStyle = this.colour;
    context.lineWidth = LINE_PX;
    context.lineJoin = "round";
    context.lineCap = "round";
    context.beginPath();
    trace(
      context,
      (i) => buffer.at(i),
      isNext ? this.drawnTo : from,
      to,
      (i) => xOfUs(buffer.timeOf(i) - shiftUs),
      (mv) => {
        const y = middle - (mv - fitted.centreMv) * pxPerMv;
        if (y > top && y <= bottom + 1) return y;
        this.clipped = true;
        return Math.max(top + 1, Math.min(bottom, y));
      },
      buffer.fsHz / (PX_PER_S * ratio),
    );
    context.stroke();
    this.drawnTo = to;
  }

  private erase(context: CanvasRenderingContext2D, fromX: number, toX: number): void {
    const from = Math.floor(fromX + LINE_PX);
    context.clearRect(from, 0, toX - from, this.height);
    if (toX > this.width) context.clearRect(0, 0, toX - this.width, this.height);
  }

  /** Choose gain and centre from what was received last; true when all must be painted anew, in one scale. */
  private refit(lead: Lead | undefined, nowUs: number): boolean {
    if (lead?.playout.shiftUs == null) return false;
    const { buffer, playout } = lead;
    const to = Math.min(buffer.newest, Math.floor(buffer.indexOf(nowUs + (playout.shiftUs ?? 0) + 1e6)));
    this.judgedUs = nowUs;
    this.clipped = false;
    const range = extent((i) => buffer.at(i), Math.max(0, to - Math.floor(LOOK_BACK_S * buffer.fsHz)), to);
    if (range === null) return false;
    const before = this.fitted;
    this.fitted = fitLead(range[0], range[1], this.height - (this.options.beatsPx ?? 0) - 4, before);
    if (this.fitted.gain !== before?.gain) this.options.onGain(this.fitted.gain);
    return this.fitted !== before;
  }

  /** Beats are found after their wave was drawn: mark them where the wave now is. */
  private markBeats(context: CanvasRenderingContext2D, lead: Lead, nowUs: number): void {
    const shiftUs = lead.playout.shiftUs ?? 0;
    const { passUs } = this;
    context.font = this.font;
    context.textAlign = "center";
    const oldestUs = Math.max(nowUs - passUs + ERASE_PX / PX_PER_US, this.begunUs);
    for (const beat of newBeats(lead.beats, this.markedUs)) {
      const atUs = beat.tUs - shiftUs;
      if (atUs > nowUs - MARK_PX / PX_PER_US) break; // the front would cut the letter in half
      this.markedUs = beat.tUs;
      if (atUs >= oldestUs) markBeat(context, (atUs % passUs) * PX_PER_US, beat.label, this.beatColours);
    }
  }
}

/** Draw one beat's mark at `x` along the top; one that is not normal stands out. */
export function markBeat(context: CanvasRenderingContext2D, x: number, label: string, colours: BeatColours): void {
  context.fillStyle = label === "N" ? colours.normal : colours.other;
  context.fillText(label, x, 11);
  context.fillRect(x - 0.5, 14, 1, 4);
}

export const beatColours = (style: CSSStyleDeclaration): BeatColours => ({
  normal: style.getPropertyValue("--beat-mark"),
  other: style.getPropertyValue("--ink"),
});

function newBeats(beats: readonly Beat[], afterUs: number): readonly Beat[] {
  let first = beats.length;
  while (first > 0 && (beats[first - 1]?.tUs ?? 0) > afterUs) first--;
  return beats.slice(first);
}
