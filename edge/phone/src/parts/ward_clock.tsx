// Where times are shown to a patient who is far from the ward: they are this phone's, and what the ward's clock shows.

import { useComputed } from "@preact/signals";
import { clock } from "../clock";
import { nowMs, session } from "../store";
import { otherClock, words } from "../words/words";

const MINUTE_MS = 60_000;

export function WardClock() {
  const zone = session.value?.zone;
  const minute = useComputed(() => Math.floor(nowMs.value / MINUTE_MS));
  minute.value;
  const time = zone === undefined ? null : otherClock(zone, clock.nowUs());
  return time === null ? null : <p class="state">{words("when.ward", { time })}</p>;
}
