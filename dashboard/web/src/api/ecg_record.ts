// One ECG record as the server sends it, live and stored (little-endian):
// 0 u8 type | 1 u8 version | 2 u16 flags | 4 u32 patient | 8 f64 t0, UTC us | 16 u32 samples per 1000 s |
// 20 f32 units per mV | 24 i16 baseline | 26 u16 n samples | 28 u16 lead's length | 30 lead, padded to even | int16

export const ECG_RECORD = 0x02;
const VERSION = 1;
const HEADER_BYTES = 30;

/** Bits of `EcgRecord.flags`. */
export const EcgFlag = { leadOff: 1, saturated: 2, pacer: 4, clockNotSet: 8, gapBefore: 16 } as const;

export interface EcgRecord {
  patientId: number;
  flags: number;
  /** Time of the first sample, UTC microseconds. */
  t0Us: number;
  fsHz: number;
  lead: string;
  ecgMv: Float32Array;
}

export class EcgRecordError extends Error {}

const ascii = new TextDecoder("ascii");

/** Read a record that fills `bytes` from `offset` on for `length` bytes; throws `EcgRecordError`. */
export function readEcgRecord(bytes: ArrayBuffer, offset = 0, length = bytes.byteLength - offset): EcgRecord {
  if (length < HEADER_BYTES) throw new EcgRecordError(`${length} bytes, wanted at least ${HEADER_BYTES}`);
  const view = new DataView(bytes, offset, length);
  if (view.getUint8(0) !== ECG_RECORD) throw new EcgRecordError(`type ${view.getUint8(0)}, wanted ${ECG_RECORD}`);
  if (view.getUint8(1) !== VERSION) throw new EcgRecordError(`version ${view.getUint8(1)}, wanted ${VERSION}`);
  const nSamples = view.getUint16(26, true);
  const leadLength = view.getUint16(28, true);
  const begin = HEADER_BYTES + leadLength + (leadLength % 2);
  if (begin + 2 * nSamples > length) throw new EcgRecordError(`${nSamples} samples do not fit in ${length} bytes`);
  const gain = view.getFloat32(20, true);
  const fsHz = view.getUint32(16, true) / 1000;
  if (!(gain > 0) || !(fsHz > 0)) throw new EcgRecordError(`gain ${gain}, ${fsHz} Hz`);
  const baseline = view.getInt16(24, true);
  const ecgMv = new Float32Array(nSamples);
  for (let i = 0; i < nSamples; i++) ecgMv[i] = (view.getInt16(begin + 2 * i, true) - baseline) / gain;
  return {
    patientId: view.getUint32(4, true),
    flags: view.getUint16(2, true),
    t0Us: view.getFloat64(8, true),
    fsHz,
    lead: ascii.decode(new Uint8Array(bytes, offset + HEADER_BYTES, leadLength)),
    ecgMv,
  };
}

/** Read records that follow each other, each behind its length as u32. */
export function readEcgRecords(bytes: ArrayBuffer): EcgRecord[] {
  const records: EcgRecord[] = [];
  const view = new DataView(bytes);
  let offset = 0;
  while (offset + 4 <= bytes.byteLength) {
    const length = view.getUint32(offset, true);
    offset += 4;
    if (offset + length > bytes.byteLength) throw new EcgRecordError(`cut short: ${length} bytes wanted`);
    records.push(readEcgRecord(bytes, offset, length));
    offset += length;
  }
  if (offset !== bytes.byteLength) throw new EcgRecordError("bytes left over");
  return records;
}
