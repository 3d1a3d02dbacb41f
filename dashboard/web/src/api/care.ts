// What the pages ask about the patient's side: patients, devices, symptoms, messages.

import { getJson, post, postOnly } from "./http";
import type {
  CodeState,
  Form,
  Message,
  Messages,
  NewPatient,
  PairedDevice,
  PairingCode,
  PatientName,
  Symptom,
  Symptoms,
} from "./schema";

export const addPatient = (patient: NewPatient) => post<PatientName>("/api/patients", patient);

export const makeCode = (patientId: number) => post<PairingCode>("/api/pairing-codes", { patient_id: patientId });

export const getCodeState = (codeId: number, abort?: AbortSignal) =>
  getJson<CodeState>(`/api/pairing-codes/${codeId}`, abort);

export async function getDevices(patientId: number, abort?: AbortSignal): Promise<PairedDevice[]> {
  return (await getJson<{ devices: PairedDevice[] }>(`/api/patients/${patientId}/devices`, abort)).devices;
}

export const revokeDevice = (device: string, why: string) => postOnly(`/api/devices/${device}/revoke`, { why });

export const getSymptoms = (patientId: number, limit: number, abort?: AbortSignal) =>
  getJson<Symptoms>(`/api/patients/${patientId}/symptoms?limit=${limit}`, abort);

export const readSymptom = ({ id, additions }: Symptom) => post<Symptom>(`/api/symptoms/${id}/read`, { additions });

export const getMessages = (patientId: number, limit: number, abort?: AbortSignal) =>
  getJson<Messages>(`/api/patients/${patientId}/messages?limit=${limit}`, abort);

export const sendMessage = (patientId: number, text: string) =>
  post<Message>(`/api/patients/${patientId}/messages`, { text });

export const askQuestion = (patientId: number, form: Form) =>
  post<Message>(`/api/patients/${patientId}/questions`, form);

/** The server takes so many at once. */
const READ_MOST = 200;

export async function readMessages(patientId: number, ids: readonly number[]): Promise<void> {
  for (let i = 0; i < ids.length; i += READ_MOST) {
    await postOnly(`/api/patients/${patientId}/messages/read`, { messages: ids.slice(i, i + READ_MOST) });
  }
}
