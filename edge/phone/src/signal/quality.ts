// Whether what flows is a heart: contact, flat, railed, off the body. Pure.
//
// A Polar H10 goes on sending values for ever after it was taken off, and a strap that hangs free is not silent. So what
// flows is judged, not that it flows.

/** How the electrodes are: said to the patient, and told on the wire as lead off. */
export type Contact = "unknown" | "good" | "no_contact" | "flat" | "railed" | "off_body";

const WINDOW_S = 2;
/** Within so much over two seconds there is no heart, mV: a QRS complex of a strap has ten times that. */
const FLAT_MV = 0.02;
/** Beyond this nothing is an ECG of the skin, mV: the H10's range ends at 20. */
const RAIL_MV = 15;
/** More from sample to sample, on average, than any heart does, mV: a strap in the hand or in the air. */
const WILD_MV = 0.5;
/** A baseline further away than this is that of no body, mV. */
const AWAY_MV = 6;

export class Quality {
  private window: number[] = [];

  /** Judge the last two seconds with these samples, mV; `contact` is the strap's own word where it has one. */
  judge(mv: readonly number[], fsHz: number, contact: 0 | 1 | 2): Contact {
    this.window.push(...mv);
    const n = Math.round(WINDOW_S * fsHz);
    if (this.window.length > n) this.window.splice(0, this.window.length - n);
    if (contact === 1) return "no_contact";
    if (this.window.length < n) return "unknown";
    return this.ofWindow();
  }

  forget(): void {
    this.window = [];
  }

  private ofWindow(): Contact {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let steps = 0;
    let last = this.window[0] ?? 0;
    for (const mv of this.window) {
      low = Math.min(low, mv);
      high = Math.max(high, mv);
      sum += mv;
      steps += Math.abs(mv - last);
      last = mv;
    }
    const n = this.window.length;
    if (high - low < FLAT_MV) return Math.abs(sum / n) > RAIL_MV ? "railed" : "flat";
    if (low > RAIL_MV || high < -RAIL_MV) return "railed";
    if (steps / n > WILD_MV || Math.abs(sum / n) > AWAY_MV) return "off_body";
    return "good";
  }
}

/** Whether the signal carries no heart: what the wire calls lead off. */
export const isLeadOff = (contact: Contact): boolean => contact !== "good" && contact !== "unknown";
