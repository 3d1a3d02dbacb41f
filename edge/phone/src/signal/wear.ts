// Whether the strap is worn: the ways in which it is not are told apart, as edge/wearables/wear.py does. Pure.
//
// Frames marked as lead off are not searched for arrhythmia, so nothing here may take a heart that stands still or
// fibrillates for a strap on a table. A Polar H10 that was taken off may go on sending for ever: that is told by two
// witnesses who both must say so, the strap, which has found no beat for 10 s, and the signal, which cannot be of a heart.
// A flat line is shown to the patient and is no mark: asystole is for the server to call.

import { EcgFlag } from "../wire/frames";

/** How it is worn: said to the patient. */
export type Contact = "unknown" | "good" | "no_contact" | "flat" | "railed" | "off_body";

/** No beat for so long is the first witness. */
const NO_BEAT_S = 10;
/** What is looked at. */
const LOOK_S = 4;
/** Mean square of the steps between samples, by that of the samples: the mains and noise are above, hearts are below. */
const HUM = 1.2;
/** Hum that is smaller is no open electrode's, root mean square, microvolts. */
const HUM_LEAST_UV = 20;
/** No heart wanders by so much, microvolts. */
const WANDER_UV = 20_000;
/** No electrode on a body is so still for so long. */
const FLAT_UV = 5;
const FLAT_S = 2;
/** At a rail: values beyond this, and a part of the samples at exactly the same. */
const RAIL_UV = 5000;
const RAIL_PART = 0.25;

/** What counts of one packet, microvolts. */
interface Look {
  n: number;
  least: number;
  most: number;
  total: number;
  squares: number;
  steps: number;
}

export class Wear {
  private skin: 0 | 1 | 2 = 0;
  private noBeatS = 0;
  private looks: Look[] = [];
  private nLooks = 0;
  private last: number | null = null;

  /** The connection broke: what comes next follows nothing. */
  forget(): void {
    this.skin = 0;
    this.looks = [];
    this.nLooks = 0;
    this.last = null;
    this.noBeatS = 0;
  }

  /** Take a heart rate: what the strap feels (0 it cannot tell, 1 no skin, 2 skin), and whether it found beats. */
  hear(skin: 0 | 1 | 2, hasBeats: boolean): void {
    this.skin = skin;
    if (hasBeats) this.noBeatS = 0;
  }

  /** Take a packet, microvolts, and return how the strap is worn. */
  look(samplesUv: readonly number[], fsHz: number): Contact {
    this.noBeatS += samplesUv.length / fsHz;
    this.add(samplesUv, fsHz);
    if (this.skin === 1) return "no_contact";
    if (isRailed(samplesUv)) return "railed";
    if (this.isFlat(fsHz)) return "flat";
    if (this.isOffBody(fsHz)) return "off_body";
    return this.nLooks < FLAT_S * fsHz ? "unknown" : "good";
  }

  private isFlat(fsHz: number): boolean {
    let n = 0;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const look of this.looks.toReversed()) {
      n += look.n;
      least = Math.min(least, look.least);
      most = Math.max(most, look.most);
      if (n >= FLAT_S * fsHz) return most - least <= FLAT_UV;
    }
    return false;
  }

  private isOffBody(fsHz: number): boolean {
    if (this.skin === 2 || this.noBeatS < NO_BEAT_S || this.nLooks < (LOOK_S * fsHz) / 2) return false;
    const most = Math.max(...this.looks.map((look) => look.most));
    const least = Math.min(...this.looks.map((look) => look.least));
    if (most - least > WANDER_UV) return true;
    // Of each packet about its own mean: a slow drift is none of the heart's business.
    const squares = this.looks.reduce((sum, look) => sum + look.squares - (look.total * look.total) / look.n, 0);
    const steps = this.looks.reduce((sum, look) => sum + look.steps, 0);
    return squares > HUM_LEAST_UV ** 2 * this.nLooks && steps > HUM ** 2 * squares;
  }

  private add(samplesUv: readonly number[], fsHz: number): void {
    const look = { n: samplesUv.length, least: Infinity, most: -Infinity, total: 0, squares: 0, steps: 0 };
    let before = this.last ?? samplesUv[0] ?? 0;
    for (const uv of samplesUv) {
      look.least = Math.min(look.least, uv);
      look.most = Math.max(look.most, uv);
      look.total += uv;
      look.squares += uv * uv;
      look.steps += (uv - before) ** 2;
      before = uv;
    }
    this.last = before;
    this.looks.push(look);
    this.nLooks += look.n;
    for (let [oldest] = this.looks; oldest && this.nLooks - oldest.n >= LOOK_S * fsHz; [oldest] = this.looks) {
      this.nLooks -= oldest.n;
      this.looks.shift();
    }
  }
}

function isRailed(samplesUv: readonly number[]): boolean {
  const least = Math.min(...samplesUv);
  const most = Math.max(...samplesUv);
  const count = (rail: number) => samplesUv.filter((uv) => uv === rail).length;
  const n = (most > RAIL_UV ? count(most) : 0) + (least < -RAIL_UV ? count(least) : 0);
  return n >= RAIL_PART * samplesUv.length;
}

/** What holds for the samples on the wire. */
export function flagsOf(contact: Contact): number {
  if (contact === "no_contact" || contact === "off_body") return EcgFlag.leadOff;
  return contact === "railed" ? EcgFlag.saturated : 0;
}
