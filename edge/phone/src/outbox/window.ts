// What is to be sent next, what is under way, and when it is sent again: edge/window.py, rule for rule. The clock and
// the outbox are arguments.
//
// Frames go out in the order of their time, oldest first, at most a window of them unconfirmed; new ones go beside a
// full window, so that who looks at the patient now sees the patient now. What a person said (a press, a message) is
// sent first of all on a new connection, before hours of signal.

import type { Ack } from "../wire/frames";
import { confirmedRanges, isIn } from "../wire/watermark";
import type { Held } from "./outbox";

/** A frame is not sent again within this time because an acknowledgement misses it: it may be under way. */
const UNDER_WAY_MS = 1000;
/** Longest pause between two times that everything is sent again, in units of the first. */
const PAUSE_MAX = 6;
/** Frames sent again to ask whether the database is there. */
const PROBE_FRAMES = 16;
const FIRST_WIDTH = 32;
const LEAST_WIDTH = 8;
/** Confirmed sooner, the window grows by as much; later, it is halved. */
const SOON_MS = 1000;
const LATE_MS = 2500;
/** Most new frames sent beside a full window at a time. */
const LIVE_FRAMES = 8;

interface Sent {
  held: Held;
  sentMs: number;
  again: boolean;
}

const keyOf = (held: Held) => `${held.bootId}/${held.stream}/${held.seq}`;

export type Read = (after: number, limit: number) => Promise<Held[]>;

export class Window {
  /** Highest position of a frame that was ever sent: no older frame may change any more. */
  handedUpTo = 0;
  private width: number;
  private narrowedMs = Number.NEGATIVE_INFINITY;
  private pauseMs: number;
  private progressMs = 0;
  private cursor = 0;
  private liveCursor = 0;
  private isAsking = false;
  private urgent: Held[] = [];
  private readonly underWay = new Map<string, Sent>();

  constructor(
    private readonly most: number,
    private readonly resendAfterMs: number,
  ) {
    this.width = most;
    this.pauseMs = resendAfterMs;
  }

  get size(): number {
    return this.underWay.size;
  }

  /** There is a new connection: begin anew from the oldest frame. */
  begin(lastPosition: number, urgent: Held[], nowMs: number): void {
    this.underWay.clear();
    this.cursor = 0;
    this.width = Math.min(this.most, FIRST_WIDTH);
    this.liveCursor = Math.max(this.liveCursor, lastPosition);
    this.isAsking = false;
    this.urgent = urgent;
    this.pauseMs = this.resendAfterMs;
    this.progressMs = nowMs;
  }

  /** Take out what the database has, mark what it misses; throws `ContradictoryAckError`, and nothing changed. */
  confirm(ack: Ack, nowMs: number): void {
    const ranges = confirmedRanges(ack);
    let confirmed = 0;
    let longestMs = 0;
    for (const [key, sent] of this.underWay) {
      const { held } = sent;
      if (held.bootId !== ack.bootId || held.stream !== ack.stream) continue;
      if (isIn(ranges, held.seq)) {
        this.underWay.delete(key);
        confirmed++;
        longestMs = Math.max(longestMs, nowMs - sent.sentMs);
      } else if (isIn(ack.missing, held.seq)) sent.again = true;
    }
    if (confirmed === 0) return;
    this.progressMs = nowMs;
    this.pauseMs = this.resendAfterMs;
    this.widen(confirmed, longestMs, nowMs);
    if (!this.isAsking) return;
    this.isAsking = false;
    for (const sent of this.underWay.values()) sent.again = true;
  }

  /** Take out frames that were dropped from the outbox. */
  forget(positions: ReadonlySet<number>): void {
    for (const [key, sent] of this.underWay) if (positions.has(sent.held.position)) this.underWay.delete(key);
  }

  /** Whether nothing was confirmed for too long; when so, the oldest frames under way are due again. */
  isStuck(nowMs: number): boolean {
    if (this.underWay.size === 0) {
      this.progressMs = nowMs;
      return false;
    }
    if (nowMs - this.progressMs < this.pauseMs) return false;
    for (const sent of [...this.underWay.values()].slice(0, PROBE_FRAMES)) sent.again = true;
    this.isAsking = true;
    this.width = Math.min(this.width, LEAST_WIDTH);
    this.progressMs = nowMs;
    this.pauseMs = Math.min(2 * this.pauseMs, PAUSE_MAX * this.resendAfterMs);
    return true;
  }

  /** The frames to send now, in order. */
  async due(read: Read, nowMs: number): Promise<Held[]> {
    const frames = this.urgent;
    this.urgent = [];
    for (const sent of this.underWay.values()) {
      if (!sent.again || nowMs - sent.sentMs < UNDER_WAY_MS) continue;
      sent.again = false;
      sent.sentMs = nowMs;
      frames.push(sent.held);
    }
    const room = this.width - this.underWay.size;
    for (const held of room > 0 ? await read(this.cursor, room) : []) {
      this.cursor = held.position;
      this.underWay.set(keyOf(held), { held, sentMs: nowMs, again: false });
      frames.push(held);
    }
    const isFull = this.underWay.size >= this.width;
    const live = isFull ? await read(Math.max(this.liveCursor, this.cursor), LIVE_FRAMES) : [];
    for (const held of live) {
      this.liveCursor = held.position;
      frames.push(held);
    }
    this.handedUpTo = Math.max(this.handedUpTo, this.cursor, live.length > 0 ? this.liveCursor : 0);
    return frames;
  }

  private widen(confirmed: number, longestMs: number, nowMs: number): void {
    if (longestMs <= SOON_MS) this.width = Math.min(this.most, this.width + confirmed);
    else if (longestMs > LATE_MS && nowMs - this.narrowedMs > LATE_MS) {
      this.width = Math.max(Math.min(this.most, LEAST_WIDTH), Math.floor(this.width / 2));
      this.narrowedMs = nowMs;
    }
  }
}
