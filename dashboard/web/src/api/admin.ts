// What the pages of the administration ask.

import { getJson, post, postOnly, putOnly, remove } from "./http";

export interface RoomNow {
  at_us: number;
  bytes: number;
  /** Null where the database is on another machine. */
  free_bytes: number | null;
  growth_bytes_day: number | null;
  days_left: number | null;
  parts: { name: string; bytes: number }[];
}

export type RetainedKind = "ecg" | "beats" | "alarms" | "dead_letters";

export interface Policy {
  kind: RetainedKind;
  /** Null: for ever. */
  keep_days: number | null;
  keep_rows: number | null;
  effective_us: number | null;
  set_by: string | null;
  oldest_us: number | null;
}

export interface Hold {
  patient_id: number;
  name: string;
  why: string;
  by: string;
  at_us: number;
}

export interface StorageNow {
  room: RoomNow | null;
  policies: Policy[];
  holds: Hold[];
  grace_hours: number;
}

export interface Token {
  id: number;
  name: string;
  scopes: string[];
  created_us: number;
  created_by: string;
  expires_us: number;
  used_us: number | null;
  revoked_us: number | null;
}

export interface Webhook {
  id: number;
  name: string;
  url: string;
  kinds: string[];
  priorities: string[];
  created_us: number;
  created_by: string;
  sent_us: number | null;
  failing_us: number | null;
  failures: number;
  problem: string;
  try_again_us: number | null;
  behind: number;
}

/** Of a token or webhook that was just made: shown once. */
export interface Fresh {
  id: number;
  secret: string;
}

export const getStorage = (abort?: AbortSignal) => getJson<StorageNow>("/api/storage", abort);
export const setPolicy = (kind: RetainedKind, keepDays: number | null) =>
  putOnly(`/api/retention/${kind}`, { keep_days: keepDays });
export const placeHold = (patientId: number, why: string) => postOnly(`/api/patients/${patientId}/hold`, { why });
export const releaseHold = (patientId: number) => remove(`/api/patients/${patientId}/hold`);

export const getTokens = async (abort?: AbortSignal) =>
  (await getJson<{ tokens: Token[] }>("/api/tokens", abort)).tokens;
export const addToken = (name: string, scopes: string[], days: number) =>
  post<Fresh>("/api/tokens", { name, scopes, days });
export const revokeToken = (id: number) => remove(`/api/tokens/${id}`);

export const getWebhooks = async (abort?: AbortSignal) =>
  (await getJson<{ webhooks: Webhook[] }>("/api/webhooks", abort)).webhooks;
export const addWebhook = (name: string, url: string, priorities: string[]) =>
  post<Fresh>("/api/webhooks", { name, url, priorities });
export const removeWebhook = (id: number) => remove(`/api/webhooks/${id}`);
