// What the server says about the patient's side, as it says it. Times are UTC microseconds.

import type { Language } from "./types";

export interface PatientName {
  id: number;
  name: string;
  ward: string;
}

export interface NewPatient {
  name: string;
  ward: string;
  language: Language;
}

/** A code that pairs one device, said once; `url` is the text of the QR code. */
export interface PairingCode {
  id: number;
  code: string;
  expires_us: number;
  url: string;
}

export interface CodeState {
  id: number;
  patient_id: number;
  state: "waiting" | "used" | "expired";
  expires_us: number;
  device: string | null;
  /** What it called itself. */
  description: string | null;
  /** When the paired device last sent any signal. */
  received_us: number | null;
}

export interface PairedDevice {
  device: string;
  description: string;
  paired_us: number;
  revoked_us: number | null;
  revoked_by: string | null;
  revoked_why: string;
  online: boolean | null;
  wearable: string | null;
  /** When it was last heard at all, and when any signal came. */
  heard_us: number | null;
  signal_us: number | null;
}

/** Who has read it; no name: the patient himself. */
export interface Reading {
  name: string | null;
  at_us: number;
}

export type Chip = "palpitations" | "dizzy" | "chest_pain" | "short_of_breath";

export interface Symptom {
  id: number;
  press: string;
  device: string;
  pressed_us: number;
  received_us: number;
  late: boolean;
  chips: Chip[];
  note: string;
  /** How often the patient added something: who reads it says how much of it was read. */
  additions: number;
  alarm_id: number | null;
  read: Reading | null;
}

export interface SymptomPage {
  symptoms: Symptom[];
  more: boolean;
}

export type FieldKind = "yes_no" | "choice" | "scale" | "text";

export interface Field {
  id: string;
  kind: FieldKind;
  label: string;
  options?: string[];
}

export interface Form {
  title: string;
  fields: Field[];
}

export type AnswerValue = boolean | number | string;

export interface Message {
  id: number;
  kind: "message" | "question" | "answer";
  /** The patient's own, where he said it. */
  device: string | null;
  said_id: string | null;
  /** Who of the care team said it. */
  by: string | null;
  said_us: number;
  received_us: number;
  late: boolean;
  text: string;
  form: Form | null;
  answers: Record<string, AnswerValue> | null;
  reply_to: number | null;
  alarm_id: number | null;
  read: Reading | null;
}

export interface MessagePage {
  messages: Message[];
  more: boolean;
}
