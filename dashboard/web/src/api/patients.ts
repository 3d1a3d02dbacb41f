// What the pages ask about patients and alarms.

import { type EcgRecord, readEcgRecords } from "./ecg_record";
import { getBytes, getJson, post, remove } from "./http";
import type { Alarm, AlarmPage, Beats, Call, HeartRateTrend, PatientFacts, Stored } from "./types";

const between = (fromUs: number, toUs: number) => `from_us=${Math.round(fromUs)}&to_us=${Math.round(toUs)}`;

export const getCalls = () => getJson<Call[]>("/api/calls");

export const getPatient = (id: number, abort?: AbortSignal) => getJson<PatientFacts>(`/api/patients/${id}`, abort);

export const getHeartRate = (id: number, fromUs: number, toUs: number, bucketS: number, abort?: AbortSignal) =>
  getJson<HeartRateTrend>(`/api/patients/${id}/hr?${between(fromUs, toUs)}&bucket_s=${bucketS}`, abort);

export const getStored = (id: number, fromUs: number, toUs: number, bucketS: number, abort?: AbortSignal) =>
  getJson<Stored>(`/api/patients/${id}/stored?${between(fromUs, toUs)}&bucket_s=${bucketS}`, abort);

export const getBeats = (id: number, fromUs: number, toUs: number, abort?: AbortSignal) =>
  getJson<Beats>(`/api/patients/${id}/beats?${between(fromUs, toUs)}`, abort);

export async function getEcg(id: number, fromUs: number, toUs: number, abort?: AbortSignal): Promise<EcgRecord[]> {
  return readEcgRecords(await getBytes(`/api/patients/${id}/ecg?${between(fromUs, toUs)}`, abort));
}

export function getAlarms(id: number, beforeUs: number | null, limit: number, abort?: AbortSignal): Promise<AlarmPage> {
  const before = beforeUs === null ? "" : `before_us=${Math.round(beforeUs)}&`;
  return getJson<AlarmPage>(`/api/patients/${id}/alarms?${before}limit=${limit}`, abort);
}

/** As it is shown: the server refuses when the patient has said more. */
export const acknowledge = ({ id, additions }: Alarm) =>
  post<Alarm>(`/api/alarms/${id}/acknowledgement`, { additions });

export async function undoAcknowledgement({ id }: Alarm): Promise<Alarm> {
  return (await (await remove(`/api/alarms/${id}/acknowledgement`)).json()) as Alarm;
}
