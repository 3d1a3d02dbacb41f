// What the link in a message opens.

import { getJson, post } from "./http";
import type { AlarmState, Language, Priority } from "./types";

export interface NoticeAlarm {
  id: number;
  /** Of the call, by language. */
  names: Partial<Record<Language, string>>;
  priority: Priority;
  ward: string;
  zone: string;
  onset_us: number;
  ended_us: number | null;
  state: AlarmState;
  /** Nobody has answered it. */
  waits: boolean;
  acknowledged: { name: string; at_us: number } | null;
  /** This link passed it on. */
  passed: boolean;
}

export interface Notice {
  /** To whom it was sent. */
  name: string;
  language: string;
  expires_us: number;
  alarms: NoticeAlarm[];
}

const path = (token: string) => `/api/notices/${token}`;
export const getNotice = (token: string, abort?: AbortSignal) => getJson<Notice>(path(token), abort);
export const takeOn = (token: string, alarmId: number) =>
  post<Notice>(`${path(token)}/acknowledgement`, { alarm_id: alarmId });
export const passOn = (token: string) => post<Notice>(`${path(token)}/passing`);
