// What the patient is told on the first screen: that the heart signal is received, or what is wrong and what to do. Pure.
// "We are receiving" is said only of what the server has confirmed.

import type { Contact } from "./signal/wear";
import type { StrapState } from "./wearables/strap";

/** A confirmation older than this says nothing about now. */
export const RECEIVED_MS = 10_000;
/** A wearable that has said nothing for so long is silent. */
const SILENT_MS = 5000;

export interface Facts {
  hasBluetooth: boolean;
  strap: StrapState;
  contact: Contact;
  /** Since the wearable last said anything, milliseconds; null when it never did. */
  silentMs: number | null;
  /** Since the latest signal was made that the database has; null when it has none of this run. */
  receivedAgoMs: number | null;
  isUp: boolean;
  isOnline: boolean;
  isStorageFull: boolean;
  refusal: string | null;
}

export type Situation =
  | "receiving"
  | "sending"
  | "no_bluetooth"
  | "no_strap"
  | "connecting"
  | "strap_away"
  | "strap_silent"
  | "no_contact"
  | "flat"
  | "railed"
  | "off_body"
  | "storage_full"
  | "refused"
  | "offline"
  | "server_away";

export type Tone = "good" | "wait" | "bad";

export function situationOf(facts: Facts): Situation {
  if (facts.isStorageFull) return "storage_full";
  return wearableTrouble(facts) ?? wayTrouble(facts);
}

function wearableTrouble({ hasBluetooth, strap, contact, silentMs }: Facts): Situation | null {
  if (!hasBluetooth) return "no_bluetooth";
  if (strap === "none") return "no_strap";
  if (strap === "connecting") return "connecting";
  if (strap === "away") return "strap_away";
  if (contact !== "good" && contact !== "unknown") return contact;
  return silentMs !== null && silentMs > SILENT_MS ? "strap_silent" : null;
}

function wayTrouble({ receivedAgoMs, isUp, isOnline, refusal }: Facts): Situation {
  if (receivedAgoMs !== null && receivedAgoMs < RECEIVED_MS) return "receiving";
  if (refusal !== null) return "refused";
  if (!isOnline) return "offline";
  return isUp ? "sending" : "server_away";
}

export function toneOf(situation: Situation): Tone {
  if (situation === "receiving") return "good";
  return situation === "connecting" || situation === "sending" || situation === "no_bluetooth" ? "wait" : "bad";
}
