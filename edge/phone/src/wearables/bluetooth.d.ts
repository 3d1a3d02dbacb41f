// As much of Web Bluetooth (W3C Community Group draft) as is used here; TypeScript's own library has none of it.

interface BluetoothRemoteGATTCharacteristic extends EventTarget {
  readonly value?: DataView;
  startNotifications(): Promise<BluetoothRemoteGATTCharacteristic>;
  readValue(): Promise<DataView>;
  writeValueWithResponse(value: BufferSource): Promise<void>;
}

interface BluetoothRemoteGATTService {
  getCharacteristic(uuid: string): Promise<BluetoothRemoteGATTCharacteristic>;
}

interface BluetoothRemoteGATTServer {
  readonly connected: boolean;
  connect(): Promise<BluetoothRemoteGATTServer>;
  disconnect(): void;
  getPrimaryService(uuid: string): Promise<BluetoothRemoteGATTService>;
}

interface BluetoothDevice extends EventTarget {
  readonly id: string;
  readonly name?: string;
  readonly gatt?: BluetoothRemoteGATTServer;
}

interface Bluetooth {
  getAvailability(): Promise<boolean>;
  getDevices?(): Promise<BluetoothDevice[]>;
  requestDevice(options: {
    filters: readonly { namePrefix?: string; services?: readonly string[] }[];
    optionalServices?: readonly string[];
  }): Promise<BluetoothDevice>;
}

interface Navigator {
  readonly bluetooth?: Bluetooth;
}

interface BarcodeDetector {
  detect(image: CanvasImageSource): Promise<readonly { rawValue: string }[]>;
}

declare var BarcodeDetector: {
  new (options: { formats: readonly string[] }): BarcodeDetector;
  getSupportedFormats(): Promise<string[]>;
};
