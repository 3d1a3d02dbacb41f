// Stored ECG as the server sends it (little-endian), records behind each other, each behind its length as u32:
// 0 u8 type | 1 u8 version | 2 u16 flags | 4 u32 patient | 8 f64 t0, UTC us | 16 u32 samples per 1000 s |
// 20 f32 units per mV | 24 i16 baseline | 26 u16 n samples | 28 u16 lead's length | 30 lead, padded to even | int16

const HEADER_BYTES = 30;

export interface Piece {
  /** Time of the first sample, UTC microseconds. */
  t0Us: number;
  fsHz: number;
  mv: Float32Array;
}

/** Read records; throws `RangeError` where they are cut short or of another kind. */
export function readPieces(bytes: ArrayBuffer): Piece[] {
  const pieces: Piece[] = [];
  const view = new DataView(bytes);
  for (let at = 0; at < bytes.byteLength; ) {
    const length = view.getUint32(at, true);
    pieces.push(readPiece(new DataView(bytes, at + 4, length)));
    at += 4 + length;
  }
  return pieces;
}

function readPiece(view: DataView): Piece {
  if (view.getUint8(0) !== 2 || view.getUint8(1) !== 1) throw new RangeError("no ECG record of version 1");
  const gain = view.getFloat32(20, true);
  const baseline = view.getInt16(24, true);
  const leadLength = view.getUint16(28, true);
  const begin = HEADER_BYTES + leadLength + (leadLength % 2);
  const mv = new Float32Array(view.getUint16(26, true));
  for (let i = 0; i < mv.length; i++) mv[i] = (view.getInt16(begin + 2 * i, true) - baseline) / gain;
  return { t0Us: view.getFloat64(8, true), fsHz: view.getUint32(16, true) / 1000, mv };
}
