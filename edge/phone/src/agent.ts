// The agent, as edge/agent.py: takes frames to the outbox, and from the outbox to the broker until the database has them.
// A frame is on the phone's disk before it is sent, and leaves it when the database has it.

import { clock } from "./clock";
import { type Credential, Link, type LinkProblem } from "./link/link";
import { type Contents, costOf, type NewFrame, type Outbox, StorageFullError } from "./outbox/outbox";
import { Window } from "./outbox/window";
import { type Ack, decodeAck, decodeWord, encodeStatus, type Stream, type Word } from "./wire/frames";
import { ContradictoryAckError, confirmedRanges, isIn } from "./wire/watermark";

const IN_FLIGHT_MAX = 256;
const RESEND_AFTER_MS = 5000;
const TICK_MS = 250;
/** What the database has may stay so long: its deletion rides with the next frame's write. */
const FORGET_EVERY_MS = 1500;
const STATUS_EVERY_MS = 30_000;
/** Frames held in memory while the phone's storage takes none: seven minutes. */
const HELD_MAX = 512;
const FULL_PAUSE_MS = 2000;
/** How often the browser is asked how much room it has. */
const ESTIMATE_EVERY_MS = 30_000;
/** So many frames of signal are remembered to tell how fresh what the database has is: more than 10 s of them. */
const RECENT_FRAMES = 64;
/** With less room than this the oldest signal is about to go: two minutes. */
const FULL_BYTES = 65_536;
/** Left for the browser's own bookkeeping. */
const RESERVE_BYTES = 2_000_000;

export interface AgentState {
  isUp: boolean;
  problem: LinkProblem | null;
  contents: Contents;
  /** When the latest heart signal was made that the database is known to have: `performance.now()`. */
  receivedMs: number | null;
  isStorageFull: boolean;
  /** Why the server does not store what we send. */
  refusal: string | null;
}

export interface About {
  batteryPercent: number | null;
  wearable: string;
}

const isRefusal = (problem: unknown) => problem instanceof StorageFullError || problem instanceof DOMException;

export class Agent {
  private readonly window = new Window(IN_FLIGHT_MAX, RESEND_AFTER_MS);
  private readonly link: Link;
  private pending: NewFrame[] = [];
  private acks = new Map<string, Ack>();
  private ackMs = Number.POSITIVE_INFINITY;
  private statusMs = Number.NEGATIVE_INFINITY;
  private estimateMs = Number.NEGATIVE_INFINITY;
  private retryMs = Number.NEGATIVE_INFINITY;
  private readonly highest = new Map<Stream, number>();
  /** Frames of signal of the last while, and when they were made: what a watermark says is told from them. */
  private recent: { stream: Stream; seq: number; madeMs: number }[] = [];
  private receivedMs: number | null = null;
  private isStorageFull = false;
  /** Dropped from the outbox since the browser last took something. */
  private freedBytes = 0;
  private refusal: string | null = null;
  private isFresh = false;
  private isUnsentKnown = false;
  private isBusy = false;
  private isAgain = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private stopped = false;

  constructor(
    private readonly outbox: Outbox,
    credential: Credential,
    private readonly about: () => About,
    private readonly tell: (state: AgentState) => void,
    private readonly news: (word: Word) => void,
    /** Told which of the patient's words (`bootId/seq`) the database does not have yet, when that changes. */
    private readonly tellUnsent: (names: ReadonlySet<string>) => void,
  ) {
    this.link = new Link(credential, () => this.status(false), {
      onUp: () => {
        this.isFresh = true;
        this.wake();
      },
      onDown: () => this.wake(),
      onAck: (payload) => this.hear(payload),
      onMessage: (payload) => this.hearWord(payload),
    });
  }

  get bootId(): number {
    return this.outbox.bootId;
  }

  /** Begin another run: the phone's clock was set back, and times before those of the last run are to come. */
  beginRun(): number {
    this.recent = [];
    this.highest.clear();
    return this.outbox.beginRun();
  }

  start(): void {
    this.link.start();
    this.timer = setInterval(() => this.wake(), TICK_MS);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.link.stop(this.status(false));
    while (this.isBusy) await new Promise((resolve) => setTimeout(resolve, 10));
    if (this.pending.length > 0) await this.store(performance.now());
    this.outbox.close();
  }

  /** The phone has a network again. */
  hurry(): void {
    this.link.hurry();
  }

  /** Say how the phone and the wearable are at the next occasion. */
  tellStatus(): void {
    this.statusMs = Number.NEGATIVE_INFINITY;
  }

  /** Keep a frame and send it. */
  put(stream: Stream, seq: number, payload: Uint8Array<ArrayBuffer>): void {
    this.pending.push({ bootId: this.bootId, stream, seq, payload });
    if (stream !== "event") {
      this.recent.push({ stream, seq, madeMs: performance.now() });
      if (this.recent.length > RECENT_FRAMES) this.recent.shift();
    }
    this.wake();
  }

  /** Something has happened: look at it all, one look at a time. */
  wake(): void {
    if (this.isBusy) {
      this.isAgain = true;
      return;
    }
    this.isBusy = true;
    void this.look().finally(() => {
      this.isBusy = false;
      if (this.isAgain && !this.stopped) {
        this.isAgain = false;
        this.wake();
      }
    });
  }

  private async look(): Promise<void> {
    const nowMs = performance.now();
    await this.measure(nowMs);
    await this.store(nowMs);
    if (!this.isUnsentKnown) await this.learnUnsent();
    if (this.link.isUp) {
      if (this.isFresh) {
        this.isFresh = false;
        this.window.begin(this.outbox.lastPosition, await this.outbox.events(64), nowMs);
        this.statusMs = Number.NEGATIVE_INFINITY;
      }
      await this.send(nowMs);
      this.sendStatus(nowMs);
    }
    this.tell({
      isUp: this.link.isUp,
      problem: this.link.problem,
      contents: this.contents,
      receivedMs: this.receivedMs,
      isStorageFull: this.isStorageFull || this.outbox.contents.leftBytes < FULL_BYTES,
      refusal: this.refusal,
    });
  }

  /** What waits: in the outbox, and in memory while the browser writes nothing. */
  private get contents(): Contents {
    const { frames, usedBytes, ...rest } = this.outbox.contents;
    return { ...rest, frames: frames + this.pending.length, usedBytes: usedBytes + this.heldBytes };
  }

  private get heldBytes(): number {
    return this.pending.reduce((sum, { payload }) => sum + costOf(payload), 0);
  }

  private async measure(nowMs: number): Promise<void> {
    if (nowMs - this.estimateMs < ESTIMATE_EVERY_MS) return;
    this.estimateMs = nowMs;
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    if (quota !== undefined && usage !== undefined) this.outbox.limit(quota - usage - RESERVE_BYTES);
  }

  private async store(nowMs: number): Promise<void> {
    const isForgetting = this.acks.size > 0 && nowMs >= this.ackMs + FORGET_EVERY_MS;
    if (nowMs < this.retryMs || (this.pending.length === 0 && !isForgetting)) return;
    const frames = this.pending;
    const acks = [...this.acks.values()];
    this.pending = [];
    try {
      if (acks.length > 0) {
        if ((await this.outbox.commit([], acks)) > 0) this.isUnsentKnown = false;
        this.acks.clear();
        this.ackMs = Number.POSITIVE_INFINITY;
      }
      if (frames.length > 0) {
        if (!this.outbox.hasRoomFor(frames)) await this.makeRoom(frames);
        await this.outbox.commit(frames, []);
        this.freedBytes = 0;
      }
      this.isStorageFull = false;
    } catch (problem) {
      // However the browser says that it writes nothing more, nothing is let go of for it.
      if (!isRefusal(problem)) throw problem;
      await this.hold(frames, nowMs);
    }
  }

  private async learnUnsent(): Promise<void> {
    this.isUnsentKnown = true;
    const waiting = [...(await this.outbox.events(1000)), ...this.pending.filter((frame) => frame.stream === "event")];
    this.tellUnsent(new Set(waiting.map(({ bootId, seq }) => `${bootId}/${seq}`)));
  }

  private async makeRoom(frames: readonly NewFrame[]): Promise<void> {
    const before = this.outbox.contents.usedBytes;
    this.window.forget(await this.outbox.dropFor(frames, this.window.handedUpTo));
    this.freedBytes += before - this.outbox.contents.usedBytes;
  }

  /** The browser takes nothing more: make room by the outbox's own rule, and hold what came in memory meanwhile. */
  private async hold(frames: NewFrame[], nowMs: number): Promise<void> {
    this.isStorageFull = true;
    this.retryMs = nowMs + FULL_PAUSE_MS;
    this.estimateMs = Number.NEGATIVE_INFINITY;
    this.pending = [...frames, ...this.pending];
    const signal = this.pending.filter((frame) => frame.stream !== "event");
    const over = signal.slice(0, Math.max(0, signal.length - HELD_MAX));
    this.pending = this.pending.filter((frame) => !over.includes(frame));
    this.outbox.limit(0);
    try {
      if (over.length > 0) await this.outbox.countLost(over);
      // A browser takes its time to make room of what was dropped: no more goes than came meanwhile.
      if (this.freedBytes < this.heldBytes) await this.makeRoom(this.pending);
    } catch (problem) {
      if (!isRefusal(problem)) throw problem;
    }
  }

  private async send(nowMs: number): Promise<void> {
    if (this.window.isStuck(nowMs) && this.link.isStalled) {
      this.link.drop();
      return;
    }
    const frames = await this.window.due((position, limit) => this.outbox.after(position, limit), nowMs);
    for (const held of frames) {
      if (held.bootId === this.bootId) {
        this.highest.set(held.stream, Math.max(this.highest.get(held.stream) ?? -1, held.seq));
      }
      if (this.link.publish(held.stream, held.payload)) continue;
      // The connection is gone, or fuller than it can empty: what is under way is asked for again.
      break;
    }
  }

  private hear(payload: Uint8Array): void {
    try {
      const ack = decodeAck(payload);
      const highest = this.highest.get(ack.stream as Stream) ?? -1;
      if (ack.bootId === this.bootId && ack.highest > highest) {
        throw new ContradictoryAckError(`frame ${ack.highest} was never sent`);
      }
      this.window.confirm(ack, performance.now());
      this.acks.set(`${ack.bootId}/${ack.stream}`, ack);
      this.noteReceived(ack);
    } catch {
      return; // an acknowledgement that cannot be true: the next one comes in seconds
    }
    this.refusal = null;
    this.ackMs = Math.min(this.ackMs, performance.now());
    this.wake();
  }

  private noteReceived(ack: Ack): void {
    if (ack.bootId !== this.bootId) return;
    const ranges = confirmedRanges(ack);
    for (const { stream, seq, madeMs } of this.recent) {
      if (stream === ack.stream && isIn(ranges, seq)) this.receivedMs = Math.max(this.receivedMs ?? 0, madeMs);
    }
  }

  private hearWord(payload: Uint8Array): void {
    let word: Word;
    try {
      word = decodeWord(payload);
    } catch {
      return;
    }
    if (word.kind === "refusal") this.refusal = word.code;
    this.news(word);
    this.wake();
  }

  private sendStatus(nowMs: number): void {
    if (nowMs - this.statusMs < STATUS_EVERY_MS) return;
    if (this.link.publish("status", this.status(true), true)) this.statusMs = nowMs;
  }

  private status(online: boolean): Uint8Array<ArrayBuffer> {
    const { frames, leftBytes } = this.contents;
    return encodeStatus({
      bootId: this.bootId,
      t: Math.round(clock.nowUs()),
      online,
      ...this.about(),
      firmware: "heartwire phone",
      rssiDbm: null,
      outboxFrames: frames,
      outboxBytesLeft: Math.floor(leftBytes),
    });
  }
}
