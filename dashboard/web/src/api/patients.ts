// What the pages ask about patients and alarms.

import { type EcgRecord, readEcgRecords } from "./ecg_record";
import { getBytes, getJson, post, putOnly, remove } from "./http";
import type {
  Alarm,
  AlarmPage,
  BeatCorrection,
  Beats,
  Call,
  EpisodePage,
  HeartRateTrend,
  Note,
  OwnLimits,
  PatientFacts,
  Stored,
  Trends,
  Variability,
} from "./types";

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

interface EpisodesAsked {
  fromUs: number;
  toUs: number;
  call?: string;
}

/** Those that reach into a stretch, the newest first. */
export function getEpisodes(id: number, { fromUs, toUs, call }: EpisodesAsked, abort?: AbortSignal) {
  const only = call === undefined ? "" : `&call=${encodeURIComponent(call)}`;
  return getJson<EpisodePage>(`/api/patients/${id}/episodes?${between(fromUs, toUs)}${only}`, abort);
}

export const getTrends = (id: number, fromUs: number, toUs: number, bucketS: number, abort?: AbortSignal) =>
  getJson<Trends>(`/api/patients/${id}/trends?${between(fromUs, toUs)}&bucket_s=${bucketS}`, abort);

export const getVariability = (id: number, fromUs: number, toUs: number, abort?: AbortSignal) =>
  getJson<Variability>(`/api/patients/${id}/hrv?${between(fromUs, toUs)}`, abort);

export const correctBeat = (id: number, said: Pick<BeatCorrection, "t_us" | "kind" | "label">) =>
  post<BeatCorrection>(`/api/patients/${id}/beat-corrections`, said);

export const undoBeatCorrection = (id: number, correctionId: number) =>
  remove(`/api/patients/${id}/beat-corrections/${correctionId}`);

export async function getNotes(id: number, abort?: AbortSignal): Promise<Note[]> {
  return (await getJson<{ notes: Note[] }>(`/api/patients/${id}/notes`, abort)).notes;
}

export const writeNote = (id: number, text: string, aboutUs: number | null) =>
  post<{ notes: Note[] }>(`/api/patients/${id}/notes`, {
    text,
    about_us: aboutUs === null ? null : Math.round(aboutUs),
  });

export const correctNote = (id: number, noteId: number, text: string) =>
  post<{ notes: Note[] }>(`/api/patients/${id}/notes/${noteId}/correction`, { text });

export const getLimits = (id: number, abort?: AbortSignal) => getJson<OwnLimits>(`/api/patients/${id}/limits`, abort);

export const setLimits = (id: number, limits: Record<string, Record<string, number | null>>) =>
  putOnly(`/api/patients/${id}/limits`, { limits });
