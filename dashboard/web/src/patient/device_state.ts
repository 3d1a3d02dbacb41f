// What state a device is in, for a person: what it said of itself beside what came from it. Pure.

import type { MessageKey } from "../words/words";

/** Signal older than this is not of now, microseconds. */
const NOW_US = 15e6;

/**
 * `new`: paired and never heard; `unsaid`: signal comes, but no status did; `connected`: signal comes; `silent`:
 * connected, and no signal comes; `quiet`: heard before, not now; `revoked`: shut out.
 */
export type DeviceState = "new" | "unsaid" | "connected" | "silent" | "quiet" | "revoked";

/** What is known of a device; times by the server's clock. */
export interface DeviceNews {
  revoked_us: number | null;
  /** As its last status says; null while it sent none. */
  online: boolean | null;
  /** When it was last heard at all, and when any signal came. */
  heard_us: number | null;
  signal_us: number | null;
}

export function deviceState(news: DeviceNews, nowUs: number): DeviceState {
  if (news.revoked_us !== null) return "revoked";
  if (lastHeardUs(news) === null) return "new";
  if (news.signal_us !== null && nowUs - news.signal_us < NOW_US) return news.online === null ? "unsaid" : "connected";
  return news.online ? "silent" : "quiet";
}

export function lastHeardUs({ heard_us: heardUs, signal_us: signalUs }: DeviceNews): number | null {
  return heardUs === null || signalUs === null ? (heardUs ?? signalUs) : Math.max(heardUs, signalUs);
}

export const stateKey = (state: DeviceState): MessageKey => `device_state.${state}`;
