// That a patient is of another ward and seen for a reason, until when: on his page for as long as it lasts.

import { useComputed } from "@preact/signals";
import { getGlass } from "../api/glass";
import type { WardPatient } from "../api/types";
import { serverNowUs, tickUs } from "../live/server_clock";
import { useLoaded } from "../patient/loaded";
import { user } from "../session";
import { countdown, hourMinute } from "../words/numbers";
import { words } from "../words/words";

/** Asked for anew this often, microseconds. */
const AGAIN_US = 60e6;

/** Whether there are patients whom who is signed in sees only by breaking the glass. */
export const mayBreakGlass = (): boolean => user.value?.wards != null && user.value.permissions.includes("break_glass");

/** Whether who is signed in sees this patient for a reason only, and for hours. */
export const isByGlass = ({ ward_id: wardId }: WardPatient): boolean => {
  const own = user.value?.wards ?? null;
  return own !== null && (wardId === null || !own.includes(wardId));
};

export function GlassBanner({ patientId }: { patientId: number }) {
  return mayBreakGlass() ? <Banner patientId={patientId} /> : null;
}

function Banner({ patientId }: { patientId: number }) {
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const { value } = useLoaded(`${patientId} ${again.value}`, (abort) => getGlass(patientId, abort)).value;
  if (value === null || value.until_us === null) return null;
  const leftS = (value.until_us - Math.max(serverNowUs(), tickUs.value)) / 1e6;
  return (
    <aside class="panel glass-banner" aria-label={words("glass.banner")}>
      <strong>{words("glass.until", { time: hourMinute(value.until_us), left: countdown(leftS / 60) })}</strong>
      <span>{words("glass.your_reason", { reason: value.reason ?? "" })}</span>
      <span>{words("glass.on_record")}</span>
    </aside>
  );
}
