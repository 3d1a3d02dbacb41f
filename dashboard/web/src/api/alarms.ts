// What the pages ask of the server about alarms: silence, review, pauses, whose a patient is.

import { getJson, post, put, remove } from "./http";
import type { Alarm, Colleague, HandOver, Named, Pause, PauseKind, Verdict } from "./types";

async function removed<T>(path: string): Promise<T> {
  return (await (await remove(path)).json()) as T;
}

export const silence = ({ id }: Alarm, seconds: number) => post<Alarm>(`/api/alarms/${id}/silence`, { seconds });
export const undoSilence = ({ id }: Alarm) => removed<Alarm>(`/api/alarms/${id}/silence`);

export const review = ({ id }: Alarm, verdict: Verdict, note: string) =>
  post<Alarm>(`/api/alarms/${id}/review`, { verdict, note });
export const undoReview = ({ id }: Alarm) => removed<Alarm>(`/api/alarms/${id}/review`);

/** Of a patient, of a ward, or (sound only, neither) of all. */
export interface PauseWish {
  kind: PauseKind;
  seconds: number;
  patient_id?: number;
  ward?: string;
  reason?: string;
}

export const beginPause = (wish: PauseWish) => post<Pause>("/api/pauses", wish);
export const endPause = ({ id }: Pause) => removed<Pause>(`/api/pauses/${id}`);

export const getColleagues = async (): Promise<Colleague[]> =>
  (await getJson<{ colleagues: Colleague[] }>("/api/colleagues")).colleagues;

export const assignNurse = async (patientId: number, userId: number | null): Promise<Named | null> =>
  (await put<{ nurse: Named | null }>(`/api/patients/${patientId}/nurse`, { user_id: userId })).nurse;

export const offerHandOver = (toUserId: number, ward: string | null) =>
  post<HandOver>("/api/hand-overs", { to_user_id: toUserId, ward });
export const acceptHandOver = ({ id }: HandOver) => post<HandOver>(`/api/hand-overs/${id}/acceptance`);
export const withdrawHandOver = ({ id }: HandOver) => removed<HandOver>(`/api/hand-overs/${id}`);
