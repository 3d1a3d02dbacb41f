// What arrives over the live connection: the first byte says what it is.

import { ECG_RECORD, type EcgRecord, readEcgRecord } from "../api/ecg_record";
import type { Ward } from "../api/types";

const JSON_MESSAGE = 0x01;
const BEATS_MESSAGE = 0x03;

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
const textFrom = (bytes: ArrayBuffer) => utf8.decode(new Uint8Array(bytes, 1));

/** Read one message; throws when it is cut short or not what its first byte says. */
export function readMessage(bytes: ArrayBuffer): LiveMessage {
  switch (new DataView(bytes).getUint8(0)) {
    case JSON_MESSAGE: {
      const message = JSON.parse(textFrom(bytes)) as Ward & { kind: string };
      return message.kind === "ward" ? { kind: "ward", ward: message } : { kind: "unknown" };
    }
    case ECG_RECORD:
      return { kind: "ecg", record: readEcgRecord(bytes) };
    case BEATS_MESSAGE:
      return { kind: "beats", beats: JSON.parse(textFrom(bytes)) as LiveBeats };
    default:
      return { kind: "unknown" };
  }
}
