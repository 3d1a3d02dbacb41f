// Polar H10: ECG by the Polar Measurement Data service (PMD), RR intervals by the Heart Rate Service.
//
// Layouts: "Polar Measurement Data Specification for 3rd Party" (Polar, in polar-ble-sdk, technical_documentation);
// little-endian. The H10 sends 130 samples a second, usually 73 in a notification, in microvolts, of 14 bits.

import { BATTERY_SERVICE, HEART_RATE_SERVICE, hearBattery, hearHeartRate } from "./heart_rate";
import {
  type EcgPacket,
  type Gatt,
  type Hear,
  taking,
  type Wearable,
  WearableBytesError,
  WearableError,
} from "./wearable";

export const PMD_SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8";
export const PMD_CONTROL_POINT = "fb005c81-02e7-f387-1cad-8acd2d8df0c8";
export const PMD_DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8";

export const FS_HZ = 130;
const RESOLUTION_BITS = 14;
const LEAD = "ECG";

const ECG = 0x00;
const FEATURES = 0x0f;
const ANSWER = 0xf0;
const STOPPED = 0x01;
const HEADER_BYTES = 10;
const SAMPLE_BYTES = 3;
const ANSWER_MS = 5000;

const ASK_SETTINGS = Uint8Array.of(0x01, ECG);
const STOP = Uint8Array.of(0x03, ECG);
/** Each setting is its type (0 rate, 1 resolution), the number of its values, and the values. */
const START = Uint8Array.of(0x02, ECG, 0, 1, FS_HZ, 0, 1, 1, RESOLUTION_BITS, 0);
const SUCCESS = 0;
const ALREADY_IN_STATE = 6;

export interface Answer {
  command: number;
  measurement: number;
  status: number;
}

/** Whether the control point's value says that there is ECG ("Read Features from device"). */
export function hasEcg(value: DataView): boolean {
  return value.byteLength >= 2 && value.getUint8(0) === FEATURES && (value.getUint8(1) & 1) === 1;
}

/** Read what the control point indicates after a command; null for what is no answer. */
export function readAnswer(value: DataView): Answer | null {
  if (value.byteLength < 4 || value.getUint8(0) !== ANSWER) return null;
  return { command: value.getUint8(1), measurement: value.getUint8(2), status: value.getUint8(3) };
}

/** Whether the sensor says, unasked, that its ECG has ended. */
export function saysStopped(value: DataView): boolean {
  if (value.byteLength < 2 || value.getUint8(0) !== STOPPED) return false;
  for (let at = 1; at < value.byteLength; at++) if (value.getUint8(at) === ECG) return true;
  return false;
}

/**
 * Read a notification of ECG ("Frame types ECG"): measurement type, time of the *last* sample (64 bit, ns), frame type,
 * and signed 24-bit microvolts; throws `WearableBytesError`.
 */
export function readEcg(value: DataView): EcgPacket {
  const bytes = value.byteLength - HEADER_BYTES;
  if (bytes < SAMPLE_BYTES || bytes % SAMPLE_BYTES !== 0)
    throw new WearableBytesError(`ECG of ${value.byteLength} bytes`);
  if (value.getUint8(0) !== ECG || value.getUint8(9) !== 0) throw new WearableBytesError("no ECG in microvolts");
  const samplesUv: number[] = [];
  for (let at = HEADER_BYTES; at < value.byteLength; at += SAMPLE_BYTES) {
    samplesUv.push(value.getUint16(at, true) | (value.getInt8(at + 2) << 16));
  }
  return { kind: "ecg", lastUs: Number(value.getBigUint64(1, true) / 1000n), fsHz: FS_HZ, lead: LEAD, samplesUv };
}

async function beginEcg(gatt: Gatt, hear: Hear): Promise<void> {
  if (!hasEcg(await gatt.read(PMD_SERVICE, PMD_CONTROL_POINT))) throw new WearableError("it has no ECG");
  let hearAnswer: (answer: Answer) => void = () => undefined;
  await gatt.subscribe(PMD_SERVICE, PMD_CONTROL_POINT, (value) => {
    if (saysStopped(value)) hear({ kind: "stopped" });
    const answer = readAnswer(value);
    if (answer !== null) hearAnswer(answer);
  });
  await gatt.subscribe(PMD_SERVICE, PMD_DATA, taking(readEcg, hear));
  const ask = async (command: Uint8Array<ArrayBuffer>): Promise<number> => {
    const answered = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new WearableError("it did not answer")), ANSWER_MS);
      hearAnswer = (answer) => {
        if (answer.command !== command[0] || answer.measurement !== ECG) return;
        clearTimeout(timer);
        resolve(answer.status);
      };
    });
    answered.catch(() => undefined);
    await gatt.write(PMD_SERVICE, PMD_CONTROL_POINT, command);
    return answered;
  };
  const settings = await ask(ASK_SETTINGS);
  if (settings !== SUCCESS) throw new WearableError(`it did not say its settings: ${settings}`);
  let started = await ask(START);
  if (started === ALREADY_IN_STATE) {
    // Left over from a connection that broke.
    await ask(STOP);
    started = await ask(START);
  }
  if (started !== SUCCESS) throw new WearableError(`it did not start its ECG: ${started}`);
}

export const polarH10: Wearable = {
  kind: "polar_h10",
  filter: { namePrefix: "Polar H10" },
  services: [PMD_SERVICE, HEART_RATE_SERVICE, BATTERY_SERVICE],
  fits: (gatt) => gatt.has(PMD_SERVICE, PMD_DATA),
  async begin(gatt, hear) {
    await beginEcg(gatt, hear);
    await hearHeartRate(gatt, hear);
    await hearBattery(gatt, hear);
    return true;
  },
};
