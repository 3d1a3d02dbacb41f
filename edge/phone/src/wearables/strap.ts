// The chosen wearable: found, connected, and connected again by itself for as long as the app runs.

import { KINDS } from "./kinds";
import { type Gatt, type Reading, WearableError } from "./wearable";

export type StrapState = "none" | "connecting" | "on" | "away";

export interface StrapListener {
  onState(state: StrapState): void;
  onReading(reading: Reading): void;
}

const PAUSE_MS = 1000;
const PAUSE_MOST_MS = 10_000;
/** A connection that takes longer has failed without saying so. */
const CONNECT_MS = 20_000;
/** So long without a word, a wearable that is connected is not: it is connected anew. */
const SILENCE_MS = 10_000;
const WATCH_MS = 2000;

export const hasBluetooth = (): boolean => typeof navigator !== "undefined" && navigator.bluetooth !== undefined;

function gattOf(server: BluetoothRemoteGATTServer): Gatt {
  const find = async (service: string, characteristic: string) =>
    (await server.getPrimaryService(service)).getCharacteristic(characteristic);
  return {
    async has(service, characteristic) {
      try {
        await find(service, characteristic);
        return true;
      } catch (problem) {
        if (problem instanceof DOMException && problem.name === "NotFoundError") return false;
        throw problem;
      }
    },
    async read(service, characteristic) {
      return (await find(service, characteristic)).readValue();
    },
    async write(service, characteristic, value) {
      await (await find(service, characteristic)).writeValueWithResponse(value);
    },
    async subscribe(service, characteristic, hear) {
      const found = await find(service, characteristic);
      found.addEventListener("characteristicvaluechanged", (event) => {
        const { value } = event.target as BluetoothRemoteGATTCharacteristic;
        if (value !== undefined) hear(value);
      });
      await found.startNotifications();
    },
  };
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => setTimeout(() => reject(new WearableError("it took too long")), ms)),
  ]);
}

export class Strap {
  name = "";
  state: StrapState = "none";
  private device: BluetoothDevice | null = null;
  private round = 0;
  private heardMs = 0;
  private attempt = 0;

  constructor(private readonly listener: StrapListener) {}

  /** Let the patient choose; only a tap may call it. Returns false when nothing was chosen. */
  async choose(): Promise<boolean> {
    const { bluetooth } = navigator;
    if (bluetooth === undefined) return false;
    try {
      const device = await bluetooth.requestDevice({
        filters: KINDS.map((kind) => kind.filter),
        optionalServices: [...new Set(KINDS.flatMap((kind) => kind.services))],
      });
      this.take(device);
      return true;
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === "NotFoundError") return false; // closed, nothing chosen
      throw problem;
    }
  }

  /** Take up the wearable that was chosen before, where the browser remembers it; false where it must be chosen again. */
  async remember(name: string): Promise<boolean> {
    const known = (await navigator.bluetooth?.getDevices?.()) ?? [];
    const device = known.find((one) => one.name === name);
    if (device === undefined) return false;
    this.take(device);
    return true;
  }

  stop(): void {
    this.round++;
    this.device?.gatt?.disconnect();
    this.device = null;
    this.set("none");
  }

  private take(device: BluetoothDevice): void {
    this.stop();
    this.device = device;
    this.name = device.name ?? "";
    this.attempt = 0;
    void this.run(this.round, device);
  }

  private set(state: StrapState): void {
    if (this.state === state) return;
    this.state = state;
    this.listener.onState(state);
  }

  private async run(round: number, device: BluetoothDevice): Promise<void> {
    while (round === this.round) {
      this.set(this.attempt === 0 ? "connecting" : "away");
      try {
        await this.serve(round, device);
      } catch {
        // Out of reach, busy with another phone, or switched off: all look alike here, and end alike.
      }
      if (round !== this.round) return;
      device.gatt?.disconnect();
      this.set("away");
      this.attempt++;
      const pauseMs = Math.min(PAUSE_MOST_MS, PAUSE_MS * 2 ** Math.min(this.attempt - 1, 5));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** One connection, to its end. */
  private async serve(round: number, device: BluetoothDevice): Promise<void> {
    if (device.gatt === undefined) throw new WearableError("it cannot be connected");
    const server = await within(device.gatt.connect(), CONNECT_MS);
    const gatt = gattOf(server);
    const hear = (reading: Reading) => {
      if (round !== this.round) return;
      this.heardMs = performance.now();
      if (reading.kind === "stopped") server.disconnect();
      else this.listener.onReading(reading);
    };
    const begin = async () => {
      for (const kind of KINDS) {
        if (await kind.fits(gatt, device.name ?? "")) {
          await kind.begin(gatt, hear);
          return;
        }
      }
      throw new WearableError("it offers neither ECG nor heart rate");
    };
    await within(begin(), CONNECT_MS);
    this.heardMs = performance.now();
    this.attempt = 0;
    this.set("on");
    while (round === this.round && server.connected && performance.now() - this.heardMs < SILENCE_MS) {
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS / 4));
    }
  }
}
