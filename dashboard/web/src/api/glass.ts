// Seeing a patient of another ward.

import { getJson, post } from "./http";
import type { Elsewhere, Glass, OpenGlass } from "./schema";

export const findElsewhere = async (name: string) =>
  (await getJson<Elsewhere>(`/api/glass/patients?name=${encodeURIComponent(name)}`)).patients;
export const breakGlass = (patientId: number, reason: string) =>
  post<Glass>(`/api/patients/${patientId}/glass`, { reason });
export const getGlass = (patientId: number, abort?: AbortSignal) =>
  getJson<OpenGlass>(`/api/patients/${patientId}/glass`, abort);
