// Any strap or watch that speaks the Heart Rate Service (Bluetooth SIG, HRS 1.0, section 3.1) and, maybe, the Battery
// Service (1.0, section 3.1). Numbers are little-endian.

import {
  type Gatt,
  type Hear,
  type HeartRate,
  type Reading,
  taking,
  uuidOf,
  type Wearable,
  WearableBytesError,
  WearableError,
} from "./wearable";

export const HEART_RATE_SERVICE = uuidOf(0x180d);
export const HEART_RATE_MEASUREMENT = uuidOf(0x2a37);
export const BATTERY_SERVICE = uuidOf(0x180f);
export const BATTERY_LEVEL = uuidOf(0x2a19);

const IS_16_BIT = 0x01;
const CONTACT_DETECTED = 0x02;
const CONTACT_SUPPORTED = 0x04;
const HAS_ENERGY = 0x08;
const HAS_RR = 0x10;

/** Read a Heart Rate Measurement (0x2A37); throws `WearableBytesError` and nothing else, whatever the bytes. */
export function readHeartRate(value: DataView): HeartRate {
  if (value.byteLength === 0) throw new WearableBytesError("a heart rate of no bytes");
  const flags = value.getUint8(0);
  const rateEnd = flags & IS_16_BIT ? 3 : 2;
  const energyEnd = rateEnd + (flags & HAS_ENERGY ? 2 : 0);
  const rest = value.byteLength - energyEnd;
  if (rest < 0 || (flags & HAS_RR ? rest % 2 !== 0 : rest !== 0)) {
    throw new WearableBytesError(`a heart rate of ${value.byteLength} bytes with the flags ${flags}`);
  }
  const rrMs: number[] = [];
  for (let at = energyEnd; at < value.byteLength; at += 2) {
    rrMs.push(Math.floor((value.getUint16(at, true) * 1000 + 512) / 1024));
  }
  const detected = flags & CONTACT_DETECTED ? 2 : 1;
  return {
    kind: "heart_rate",
    bpm: flags & IS_16_BIT ? value.getUint16(1, true) : value.getUint8(1),
    contact: flags & CONTACT_SUPPORTED ? detected : 0,
    rrMs,
  };
}

/** Read a Battery Level (0x2A19): one byte, 0 to 100. */
export function readBattery(value: DataView): Reading {
  const percent = value.byteLength === 1 ? value.getUint8(0) : 255;
  if (percent > 100) throw new WearableBytesError("a battery level that is not one byte from 0 to 100");
  return { kind: "battery", percent };
}

export async function hearBattery(gatt: Gatt, hear: Hear): Promise<void> {
  if (!(await gatt.has(BATTERY_SERVICE, BATTERY_LEVEL))) return;
  const take = taking(readBattery, hear);
  take(await gatt.read(BATTERY_SERVICE, BATTERY_LEVEL));
  await gatt.subscribe(BATTERY_SERVICE, BATTERY_LEVEL, take);
}

export async function hearHeartRate(gatt: Gatt, hear: Hear): Promise<void> {
  if (!(await gatt.has(HEART_RATE_SERVICE, HEART_RATE_MEASUREMENT))) {
    throw new WearableError("it has no Heart Rate Service");
  }
  await gatt.subscribe(HEART_RATE_SERVICE, HEART_RATE_MEASUREMENT, taking(readHeartRate, hear));
}

export const heartRate: Wearable = {
  kind: "heart_rate",
  filter: { services: [HEART_RATE_SERVICE] },
  services: [HEART_RATE_SERVICE, BATTERY_SERVICE],
  fits: (gatt) => gatt.has(HEART_RATE_SERVICE, HEART_RATE_MEASUREMENT),
  async begin(gatt, hear) {
    await hearHeartRate(gatt, hear);
    await hearBattery(gatt, hear);
    return false;
  },
};
