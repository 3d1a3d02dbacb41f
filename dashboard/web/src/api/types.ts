// What the server says, as it says it. Times are UTC microseconds.

export type Priority = "high" | "medium" | "low";
export type Family = "clinical" | "technical";
export type AlarmState =
  | "pending"
  | "active"
  | "silenced"
  | "paused"
  | "acknowledged"
  | "latched"
  | "ended"
  | "suppressed";
export type Verdict = "true" | "false" | "unsure";
export type Quality = "good" | "noise" | "flat" | "railed" | "lead_off" | "unknown";
export type Language = "en" | "fr" | "de";

export interface User {
  id: number;
  login: string;
  name: string;
  role: string;
  language: string;
  /** What the role may do; names as in dashboard/permissions.py. */
  permissions: string[];
}

export interface Session {
  user: User;
  csrf: string;
}

/** A limit of a call; a patient may have one of his own between `low` and `high`. */
export interface Limit {
  default: number;
  low: number;
  high: number;
  unit: string;
}

export interface Call {
  code: string;
  names: Record<Language, string>;
  priority: Priority;
  family: Family;
  latching: boolean;
  /** Codes of the lesser calls that this one hides while it lasts; those that they hide are not all among them. */
  implies: string[];
  /** By name. */
  limits: Record<string, Limit>;
}

export interface Alarm {
  id: number;
  /** Null: the system itself. */
  patient_id: number | null;
  call: string;
  priority: Priority;
  family: Family;
  /** Analysed long after it happened: listed, never sounded. */
  late: boolean;
  onset_us: number;
  signal_us: number;
  raised_us: number;
  ended_us: number | null;
  suppressed_by: string | null;
  acknowledged: { name: string; at_us: number } | null;
  state: AlarmState;
  detail: Record<string, unknown>;
  /** How often something was added to it: who acknowledges it says how much of it was shown. */
  additions: number;
  /** How sure the engine was, 0 to 1; null where it did not say. */
  confidence: number | null;
  /** When the first screen had painted it: a page says so once it has (`{"shown": [ids]}` over the live connection). */
  shown_us: number | null;
  /** It was raised while its patient's alarms were paused: listed, never sounded for that. */
  paused_us: number | null;
  /** While it holds. */
  silenced: { name: string; at_us: number; until_us: number } | null;
  /** How far nobody's answer has led; `to` is null when there is nobody, `next_us` when no step follows. */
  escalation: { step: number; to: string | null; at_us: number; next_us: number | null } | null;
  reviewed: { name: string; at_us: number; verdict: Verdict; note: string } | null;
}

export interface Named {
  id: number;
  name: string;
}

export interface Colleague extends Named {
  role: string;
}

export type PauseKind = "audio_paused" | "alarms_paused" | "alarms_off";

/** Of a patient, of a ward, or (neither) of all. */
export interface Pause {
  id: number;
  kind: PauseKind;
  patient_id: number | null;
  ward: string | null;
  name: string;
  at_us: number;
  until_us: number;
  reason: string;
  ended_us: number | null;
}

/** All of one's patients, offered to a colleague who has yet to accept. */
export interface HandOver {
  id: number;
  from: Named;
  to: Named;
  ward: string | null;
  n_patients: number;
  n_alarms: number;
  at_us: number;
  accepted_us: number | null;
  withdrawn_us: number | null;
}

export interface WardPatient {
  id: number;
  name: string;
  ward: string;
  hr_bpm: number | null;
  quality: Quality;
  last_sample_us: number | null;
  last_received_us: number | null;
  analysed_until_us: number | null;
  battery_percent: number | null;
  online: boolean | null;
  nurse: Named | null;
}

export type Service = "ingest" | "analytics" | "broker";

export interface ServiceState {
  live: boolean;
  at_us?: number | null;
}

/** Whether an alarm comes through, as the canary last proved it (dashboard/canary.py). */
export type CanaryState = "proven" | "stale" | "failed" | "never";
export type CanaryStage = "sent" | "stored" | "raised" | "notified" | "acknowledged" | "sealed";

export interface Canary {
  state: CanaryState;
  proven_us: number | null;
  /** Of the last run: the stage that it did not reach, and how long each took that it reached, after the one before. */
  failed_stage: CanaryStage | null;
  stages: { stage: CanaryStage; ms: number }[];
}

export interface Ward {
  now_us: number;
  services: Record<Service, ServiceState>;
  /** False while the database is gone: what follows is the last that was known. */
  database_live?: boolean;
  patients: WardPatient[];
  /** Open ones: all but those that ended or are suppressed. */
  alarms: Alarm[];
  /** What is paused now. */
  pauses: Pause[];
  /** Offers that wait to be accepted. */
  hand_overs: HandOver[];
  canary: Canary;
}

export interface Device {
  id: string;
  /** What it called itself when it was paired. */
  description: string;
  online: boolean | null;
  battery_percent: number | null;
  wearable: string | null;
  firmware: string | null;
  outbox_frames: number | null;
  outbox_bytes_left: number | null;
  status_us: number | null;
  /** When any signal of it last came. */
  signal_us: number | null;
  revoked_us: number | null;
  link: DeviceLink | null;
}

/** How a device's way to the server does; times by the server's clock. */
export interface DeviceLink {
  last_contact_us: number;
  /** Server's clock less device's. */
  clock_offset_us: number | null;
  clock_drift_ppm: number | null;
  clock_drift_error_ppm: number | null;
  /** Ahead, or (negative) back. */
  clock_jump_us: number | null;
  clock_jumped_us: number | null;
  longest_silence_us: number;
  longest_silence_ended_us: number | null;
  frames_expected: number | null;
  frames_received: number | null;
  hour_share: number | null;
}

export interface PatientFacts {
  patient: { id: number; name: string; ward: string };
  devices: Device[];
  /** The patient's own, by call and name. */
  limits: Record<string, Record<string, number>>;
  stored: { first_us: number; last_us: number } | null;
}

export interface HeartRateTrend {
  from_us: number;
  bucket_s: number;
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}

export interface Beats {
  t_us: number[];
  rr_s: (number | null)[];
  /** One letter a beat, as in WFDB annotations. */
  label: string;
}

export interface Stored {
  from_us: number;
  bucket_s: number;
  coverage: number[];
}

export interface AlarmPage {
  alarms: Alarm[];
  more: boolean;
}
