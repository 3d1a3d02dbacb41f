// For tests: the record that the server would send.

/** A record as the server packs it. */
export function packRecord({
  type = 2,
  version = 1,
  flags = 0,
  patient = 7,
  t0Us = 1_700_000_000_123_456,
  fsMhz = 250_000,
  gain = 200,
  baseline = -10,
  lead = "MLII",
  samples = [0, 100, -32768, 32767],
} = {}): Uint8Array {
  const begin = 30 + lead.length + (lead.length % 2);
  const bytes = new Uint8Array(begin + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, version);
  view.setUint16(2, flags, true);
  view.setUint32(4, patient, true);
  view.setFloat64(8, t0Us, true);
  view.setUint32(16, fsMhz, true);
  view.setFloat32(20, gain, true);
  view.setInt16(24, baseline, true);
  view.setUint16(26, samples.length, true);
  view.setUint16(28, lead.length, true);
  bytes.set(new TextEncoder().encode(lead), 30);
  samples.forEach((sample, i) => {
    view.setInt16(begin + 2 * i, sample, true);
  });
  return bytes;
}
