// What arrives over the live connection: the first byte says what it is.

import { ECG_RECORD, type EcgRecord, readEcgRecord } from "../api/ecg_record";
import type { Ward } from "../api/types";

const JSON_MESSAGE = 0x01;
const BEATS_MESSAGE = 0x03;
const SEVERAL_MESSAGES = 0x04;

export interface LiveBeats {
  patient_id: number;
  t_us: number[];
  label: string;
}

export type LiveMessage =
  | { kind: "ward"; ward: Ward }
  | { kind: "ecg"; record: EcgRecord }
  | { kind: "beats"; beats: LiveBeats }
  /** Of a newer server: not for us. */
  | { kind: "unknown" };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Read what came: one message, or several, each behind its length as u32 (little-endian). Throws as `readMessage`. */
export function readMessages(bytes: ArrayBuffer): LiveMessage[] {
  const view = new DataView(bytes);
  if (view.getUint8(0) !== SEVERAL_MESSAGES) return [readMessage(view)];
  const messages: LiveMessage[] = [];
  let begin = 1;
  while (begin < bytes.byteLength) {
    const length = view.getUint32(begin, true);
    messages.push(readMessage(new DataView(bytes, begin + 4, length)));
    begin += 4 + length;
  }
  return messages;
}

/** Read one message; throws when it is cut short or not what its first byte says. */
function readMessage(view: DataView<ArrayBuffer>): LiveMessage {
  switch (view.getUint8(0)) {
    case JSON_MESSAGE: {
      const message = JSON.parse(textFrom(view)) as Ward & { kind: string };
      return message.kind === "ward" ? { kind: "ward", ward: message } : { kind: "unknown" };
    }
    case ECG_RECORD:
      return { kind: "ecg", record: readEcgRecord(view.buffer, view.byteOffset, view.byteLength) };
    case BEATS_MESSAGE:
      return { kind: "beats", beats: JSON.parse(textFrom(view)) as LiveBeats };
    default:
      return { kind: "unknown" };
  }
}

function textFrom(view: DataView<ArrayBuffer>): string {
  return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + 1, view.byteLength - 1));
}
