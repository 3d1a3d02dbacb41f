// The live leads of the patients on the screen, and their beats.

import type { EcgRecord } from "../api/ecg_record";
import type { LiveBeats } from "../live/messages";
import { monotonicUs, serverNowUs } from "../live/server_clock";
import { LeadBuffer } from "./lead_buffer";
import { Playout } from "./playout";

/** Signal older than this when it arrives is history: it is never drawn as if it were now, microseconds. */
const LATE_US = 30e6;
const BREAK_US = 5e6;
const BEATS_KEPT = 256;

export interface Beat {
  tUs: number;
  label: string;
}

export interface Lead {
  buffer: LeadBuffer;
  playout: Playout;
  beats: Beat[];
  arrivedUs: number;
}

const leads = new Map<number, Lead>();

/** The lead of a patient, once something live of him has arrived. */
export const leadOf = (patientId: number): Lead | undefined => leads.get(patientId);

export function heardEcg(record: EcgRecord): void {
  if (record.ecgMv.length === 0) return;
  const lengthUs = (record.ecgMv.length / record.fsHz) * 1e6;
  if (serverNowUs() - (record.t0Us + lengthUs) > LATE_US) return;
  const nowUs = monotonicUs();
  let lead = leads.get(record.patientId);
  if (lead === undefined || !lead.buffer.takes(record)) {
    const buffer = new LeadBuffer(record.fsHz, record.lead, record.t0Us);
    lead = { buffer, playout: new Playout(), beats: lead?.beats ?? [], arrivedUs: nowUs };
    leads.set(record.patientId, lead);
  }
  if (nowUs - lead.arrivedUs > BREAK_US) lead.playout.reset();
  lead.arrivedUs = nowUs;
  const endUs = lead.buffer.endUs;
  lead.buffer.add(record);
  // What was sent again says nothing about how late signal is now.
  if (lead.buffer.endUs > endUs || lead.playout.shiftUs === null) lead.playout.arrived(record.t0Us, lengthUs, nowUs);
}

export function heardBeats(found: LiveBeats): void {
  const beats = leads.get(found.patient_id)?.beats;
  if (beats === undefined) return;
  const known = new Set(beats.map((beat) => beat.tUs));
  found.t_us.forEach((tUs, i) => {
    if (!known.has(tUs)) beats.push({ tUs, label: found.label[i] ?? "?" });
  });
  beats.sort((a, b) => a.tUs - b.tUs);
  if (beats.length > BEATS_KEPT) beats.splice(0, beats.length - BEATS_KEPT);
}

/** Nobody is signed in any more: keep nothing of anybody. */
export const forgetLeads = () => leads.clear();
