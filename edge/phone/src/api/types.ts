// What the server answers (docs/openapi.json). Times are UTC microseconds.

import type { Language } from "../words/language";

export interface Looked {
  patient: string;
  ward: string;
  language: Language;
  expires_us: number;
}

export interface My {
  patient: string;
  ward: string;
  language: Language;
  emergency_number: string;
  device: string;
  now_us: number;
  /** In which the care team tells times: an IANA name. */
  zone: string;
}

export interface Trend {
  from_us: number;
  bucket_s: number;
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}

export interface HeartEvent {
  kind: "symptom" | "alarm";
  id: string;
  code: string;
  names: Record<Language, string>;
  onset_us: number;
  ended_us: number | null;
  chips: string[];
  note: string;
  read_us: number | null;
  read_by: string | null;
}

export interface Looks {
  name: string;
  action: string;
  last_us: number;
  times: number;
}

export interface Field {
  id: string;
  kind: "yes_no" | "choice" | "scale" | "text";
  label: string;
  options?: string[];
}

export interface Form {
  title: string;
  fields: Field[];
}

export type Answers = Record<string, string | number | boolean>;

export interface TeamMessage {
  id: string;
  kind: "message" | "question" | "answer";
  from: "patient" | "team";
  t_us: number;
  text: string;
  form: Form | null;
  answers: Answers | null;
  reply_to: string | null;
  by: string | null;
  read_us: number | null;
  read_by: string | null;
}

export interface Messages {
  messages: TeamMessage[];
  seen: { id: string; by: string; t_us: number }[];
}
