// In whose zone times stand where they are entered or read along an axis; nothing where it is the browser's own.

import { serverNowUs } from "../live/server_clock";
import { words } from "../words/words";
import { isElsewhere, zoneWords } from "../words/zone";

export function ZoneNote({ of }: { of: string }) {
  if (!isElsewhere(of, serverNowUs())) return null;
  return <span class="zone-note">{words("zone.note", { zone: zoneWords(of) })}</span>;
}
