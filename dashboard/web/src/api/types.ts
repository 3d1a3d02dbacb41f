// What the server says, by the names that the pages use. The shapes are made from its own description (schema.ts).
// Times are UTC microseconds.

import type { Alarm, CallInfo, PatientNow, Services } from "./schema";

export type {
  Alarm,
  AlarmState,
  Alarms as AlarmPage,
  BeatCorrection,
  Beats,
  CallInfo as Call,
  CallLimit as Limit,
  CanaryNow as Canary,
  CanaryState,
  Colleague,
  Coverage as Stored,
  Device,
  Episode,
  Episodes as EpisodePage,
  HandOver,
  HeartRate as HeartRateTrend,
  LimitChange,
  Limits as OwnLimits,
  Link as DeviceLink,
  Named,
  Note,
  PatientFacts,
  PatientNow as WardPatient,
  Pause,
  PauseKind,
  ServiceState,
  Session,
  Stage as CanaryStage,
  Trends,
  User,
  Variability,
  Verdict,
  Ward,
} from "./schema";

export type Priority = Alarm["priority"];
export type Family = Alarm["family"];
export type Quality = PatientNow["quality"];
export type Language = keyof CallInfo["names"];
export type Service = keyof Services;
