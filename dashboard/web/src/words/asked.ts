// What an alarm is about, in words: its call, and what the patient said by it.

import type { Alarm } from "../api/types";
import { clockTime } from "./numbers";
import { roleName } from "./roles";
import { callName, type MessageKey, plural, words } from "./words";

/** "Asystole", "Symptom reported: chest pain, dizzy", "3 messages from the patient", "Seen by another ward: Dr. Day". */
export function askedWords({ call, detail, ended_us: endedUs }: Pick<Alarm, "call" | "detail" | "ended_us">): string {
  const chips = detail["chips"];
  if (call === "symptom" && Array.isArray(chips) && chips.length > 0) {
    const felt = chips.map((chip) => words(`chip.${chip}` as MessageKey).toLocaleLowerCase());
    return words("alarm.symptom", { call: callName(call), chips: felt.join(", ") });
  }
  const { by, role, reason } = detail;
  if (call === "glass_broken" && typeof by === "string" && typeof role === "string")
    return words("alarm.glass", { call: callName(call), by, role: roleName(role), reason: String(reason) });
  const count = detail[endedUs === null ? "unread" : "messages"];
  return call === "patient_message" && typeof count === "number" && count > 1
    ? plural("alarm.messages", count)
    : callName(call);
}

/** When the newest of several messages was said; nothing of other alarms. */
export function newestWords({ call, detail }: Pick<Alarm, "call" | "detail">): string[] {
  const newestUs = detail["newest_us"];
  const isOfMany = call === "patient_message" && Number(detail["messages"]) > 1;
  return isOfMany && typeof newestUs === "number" ? [words("alarms.newest", { time: clockTime(newestUs) })] : [];
}
