// What the wearable says becomes frames: times in UTC, gaps as gaps, contact judged.

import { JUMP_US, SHARP_US } from "../clock";
import type { EcgPacket, HeartRate } from "../wearables/wearable";
import { EcgFlag, encodeEcg, encodeHr, type Stream } from "../wire/frames";
import { ClockLine } from "./clock_line";
import { Framer } from "./framer";
import { type Contact, flagsOf, Wear } from "./wear";

/** The wearable says microvolts. */
const UNITS_PER_MV = 1000;
const I16_MAX = 0x7fff;

export type Put = (stream: Stream, seq: number, payload: Uint8Array<ArrayBuffer>) => void;

/** Microvolts as the wire holds them; what is beyond 16 bits is told as saturated, not wrapped around. */
export function toSamples(uv: readonly number[]): { samples: Int16Array; isSaturated: boolean } {
  let isSaturated = false;
  const samples = Int16Array.from(uv, (value) => {
    if (Math.abs(value) <= I16_MAX) return value;
    isSaturated = true;
    return Math.sign(value) * I16_MAX;
  });
  return { samples, isSaturated };
}

export class Recorder {
  private framer: Framer;
  private clock = new ClockLine();
  private readonly wear = new Wear();
  private hrSeq = 0;
  private isBegun = false;
  private isBroken = false;
  /** The clock was set by a little, which is not worn off yet. */
  private isFollowing = false;

  constructor(
    private bootId: number,
    private readonly put: Put,
    /** Whether the times are less exact than they should be: then they are marked. */
    private readonly isClockEstimated: () => boolean,
  ) {
    this.framer = new Framer(bootId);
  }

  /** The connection broke: what comes next is after a gap, and the wearable's clock may have been set. */
  interrupt(): void {
    for (const frame of this.framer.flush()) this.put("ecg", frame.seq, encodeEcg(frame));
    this.clock = new ClockLine();
    this.wear.forget();
    this.isBroken = this.isBegun;
  }

  /** UTC is told otherwise from now on, by so much: a little is followed little by little, much of it is a gap. */
  setClock(byUs: number): void {
    if (Math.abs(byUs) <= JUMP_US) {
      this.clock.shift(byUs);
      this.isFollowing = true;
    } else {
      this.clock = new ClockLine();
      this.isBroken = this.isBegun;
    }
  }

  /** What comes after an interruption belongs to another run: its times may lie before those of the last. */
  beginRun(bootId: number): void {
    this.bootId = bootId;
    this.framer = new Framer(bootId);
    this.hrSeq = 0;
    this.isBegun = false;
    this.isBroken = false;
  }

  hearHeartRate({ bpm, contact, rrMs }: HeartRate, nowUs: number): void {
    this.wear.hear(contact, rrMs.length > 0);
    const seq = this.hrSeq++;
    this.put("hr", seq, encodeHr({ bootId: this.bootId, seq, t0: Math.round(nowUs), bpm, rrMs, contact }));
  }

  /** Take a packet that arrived at `arrivedUs`, UTC; returns how the electrodes are, and when its first sample was. */
  hearEcg(packet: EcgPacket, arrivedUs: number): { contact: Contact; t0Us: number } {
    const { fsHz, lead, samplesUv } = packet;
    const isReset = this.clock.heard(packet.lastUs, arrivedUs);
    const t0Us = this.clock.utcUs(packet.lastUs) - Math.round(((samplesUv.length - 1) * 1e6) / fsHz);
    const contact = this.wear.look(samplesUv, fsHz);
    const { samples, isSaturated } = toSamples(samplesUv);
    let flags = (isReset && this.isBegun) || this.isBroken ? EcgFlag.gapBefore : 0;
    flags |= flagsOf(contact);
    if (isSaturated) flags |= EcgFlag.saturated;
    this.isFollowing &&= this.clock.awayUs > SHARP_US;
    if (this.isClockEstimated() || this.isFollowing) flags |= EcgFlag.clockEstimated;
    this.isBegun = true;
    this.isBroken = false;
    for (const frame of this.framer.push({ t0Us, fsHz, lead, gain: UNITS_PER_MV, flags, samples })) {
      this.put("ecg", frame.seq, encodeEcg(frame));
    }
    return { contact, t0Us };
  }
}
