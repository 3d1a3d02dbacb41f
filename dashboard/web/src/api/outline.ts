// The outline of a lead as the server sends it (little-endian):
// 0 u8 type | 1 u8 version | 2 u16 names' length | 4 u32 n buckets | 8 f64 begin, UTC us | 16 f64 bucket, us |
// 24 f32 mV of a unit | 32 names, each ended by a line feed, padded to even | int16 least | int16 greatest

import { getBytes } from "./http";

const OUTLINE = 4;
const VERSION = 1;
const HEADER_BYTES = 32;
const NO_SAMPLE = -0x8000;

export interface Outline {
  fromUs: number;
  bucketUs: number;
  /** All that have signal in the stretch; the first is the one that is told. */
  leads: string[];
  /** Least and greatest of each bucket; NaN where there is no sample. */
  lowMv: Float32Array;
  highMv: Float32Array;
}

export class OutlineError extends Error {}

const ascii = new TextDecoder("ascii");

/** Read an outline; throws `OutlineError`. Pure. */
export function readOutline(bytes: ArrayBuffer): Outline {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER_BYTES) throw new OutlineError(`${bytes.byteLength} bytes`);
  if (view.getUint8(0) !== OUTLINE || view.getUint8(1) !== VERSION) throw new OutlineError("another type or version");
  const namesLength = view.getUint16(2, true);
  const n = view.getUint32(4, true);
  const begin = HEADER_BYTES + namesLength + (namesLength % 2);
  if (begin + 4 * n !== bytes.byteLength) throw new OutlineError(`${n} buckets in ${bytes.byteLength} bytes`);
  const unitMv = view.getFloat32(24, true);
  const column = (offset: number) => {
    const units = new Int16Array(bytes, offset, n);
    return Float32Array.from(units, (unit) => (unit === NO_SAMPLE ? Number.NaN : unit * unitMv));
  };
  return {
    fromUs: view.getFloat64(8, true),
    bucketUs: view.getFloat64(16, true),
    leads: ascii
      .decode(new Uint8Array(bytes, HEADER_BYTES, namesLength))
      .split("\n")
      .filter(Boolean),
    lowMv: column(begin),
    highMv: column(begin + 2 * n),
  };
}

interface Asked {
  fromUs: number;
  toUs: number;
  bucketS: number;
  lead: string | null;
}

export async function getOutline(id: number, asked: Asked, abort?: AbortSignal): Promise<Outline> {
  const given = new URLSearchParams({
    from_us: String(Math.round(asked.fromUs)),
    to_us: String(Math.round(asked.toUs)),
    bucket_s: String(asked.bucketS),
    ...(asked.lead !== null && { lead: asked.lead }),
  });
  return readOutline(await getBytes(`/api/patients/${id}/outline?${given}`, abort));
}
