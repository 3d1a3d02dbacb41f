// What a kind of wearable is, and what it says. Adding one is adding a file, and its name in wearables/kinds.ts.

/** A wearable says no, or does not offer what is needed. */
export class WearableError extends Error {}

/** Bytes that are not what the specification says. */
export class WearableBytesError extends Error {}

/** The Bluetooth SIG's numbers are short for this. */
export const uuidOf = (number: number): string =>
  `0000${number.toString(16).padStart(4, "0")}-0000-1000-8000-00805f9b34fb`;

export interface EcgPacket {
  kind: "ecg";
  /** The wearable's own time of the last sample, microseconds of whatever epoch. */
  lastUs: number;
  fsHz: number;
  lead: string;
  samplesUv: readonly number[];
}

export interface HeartRate {
  kind: "heart_rate";
  /** Beats a minute; 0 where the wearable finds none. */
  bpm: number;
  /** 0 it cannot tell, 1 no skin, 2 skin. */
  contact: 0 | 1 | 2;
  /** Times between beats, the oldest first. */
  rrMs: readonly number[];
}

/** `stopped`: the wearable ended its ECG by itself, and has to be asked again. */
export type Reading = EcgPacket | HeartRate | { kind: "battery"; percent: number } | { kind: "stopped" };

/** A connection to a wearable: its characteristics by service and UUID. */
export interface Gatt {
  has(service: string, characteristic: string): Promise<boolean>;
  read(service: string, characteristic: string): Promise<DataView>;
  write(service: string, characteristic: string, value: Uint8Array<ArrayBuffer>): Promise<void>;
  subscribe(service: string, characteristic: string, hear: (value: DataView) => void): Promise<void>;
}

export type Hear = (reading: Reading) => void;

export interface Wearable {
  kind: string;
  /** What Web Bluetooth is asked to offer. */
  filter: { namePrefix?: string; services?: readonly string[] };
  services: readonly string[];
  fits(gatt: Gatt, name: string): Promise<boolean>;
  /** Make it send; throws `WearableError`. Returns whether it sends ECG. */
  begin(gatt: Gatt, hear: Hear): Promise<boolean>;
}

/** Hand on what a notification says; bytes that say nothing are left out, as a gap. */
export function taking(read: (value: DataView) => Reading, hear: Hear): (value: DataView) => void {
  return (value) => {
    let reading: Reading;
    try {
      reading = read(value);
    } catch (problem) {
      if (problem instanceof WearableBytesError) return;
      throw problem;
    }
    hear(reading);
  };
}
