// As much of MessagePack as the wire needs: nil, booleans, integers, floats, texts, bytes, arrays. Pure.
// Integers take the fewest bytes, as msgspec writes them, so that a frame is the same bytes whoever wrote it.

/** A floating-point number, which JavaScript cannot tell from a whole one. */
export class Float {
  constructor(readonly value: number) {}
}

export type Packed = null | boolean | number | string | Uint8Array | Float | readonly Packed[];

export class MsgpackError extends Error {}

const utf8 = new TextEncoder();
const utf8Strict = new TextDecoder("utf-8", { fatal: true });
const DEPTH_MAX = 8;

class Writer {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  get written(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  private room(n: number): number {
    const at = this.length;
    this.length += n;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.view.setUint8(at, value);
  }

  private u16(value: number): void {
    const at = this.room(2);
    this.view.setUint16(at, value);
  }

  private u32(value: number): void {
    const at = this.room(4);
    this.view.setUint32(at, value);
  }

  float(value: number): void {
    this.u8(0xcb);
    const at = this.room(8);
    this.view.setFloat64(at, value);
  }

  private raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new MsgpackError(`${value} is no whole number that can be told exactly`);
    if (value >= 0) this.natural(value);
    else this.negative(value);
  }

  private natural(value: number): void {
    if (value < 0x80) this.u8(value);
    else if (value < 0x100) this.head(0xcc, () => this.u8(value));
    else if (value < 0x1_0000) this.head(0xcd, () => this.u16(value));
    else if (value < 0x1_0000_0000) this.head(0xce, () => this.u32(value));
    else this.head(0xcf, () => this.wide(BigInt(value)));
  }

  private negative(value: number): void {
    if (value >= -0x20) this.u8(value & 0xff);
    else if (value >= -0x80) this.head(0xd0, () => this.u8(value & 0xff));
    else if (value >= -0x8000) this.head(0xd1, () => this.u16(value & 0xffff));
    else if (value >= -0x8000_0000) this.head(0xd2, () => this.u32(value >>> 0));
    else this.head(0xd3, () => this.wide(BigInt.asUintN(64, BigInt(value))));
  }

  private head(code: number, body: () => void): void {
    this.u8(code);
    body();
  }

  private wide(value: bigint): void {
    const at = this.room(8);
    this.view.setBigUint64(at, value);
  }

  text(value: string): void {
    const bytes = utf8.encode(value);
    if (bytes.length < 32) this.u8(0xa0 | bytes.length);
    else this.sized([0xd9, 0xda, 0xdb], bytes.length);
    this.raw(bytes);
  }

  binary(bytes: Uint8Array): void {
    this.sized([0xc4, 0xc5, 0xc6], bytes.length);
    this.raw(bytes);
  }

  array(items: readonly Packed[]): void {
    if (items.length < 16) this.u8(0x90 | items.length);
    else this.sized([0, 0xdc, 0xdd], items.length);
    for (const item of items) this.any(item);
  }

  private sized([narrow, middle, wide]: readonly [number, number, number], length: number): void {
    if (narrow !== 0 && length < 0x100) this.head(narrow, () => this.u8(length));
    else if (length < 0x1_0000) this.head(middle, () => this.u16(length));
    else this.head(wide, () => this.u32(length));
  }

  any(value: Packed): void {
    if (value === null) this.u8(0xc0);
    else if (typeof value === "boolean") this.u8(value ? 0xc3 : 0xc2);
    else if (typeof value === "number") this.integer(value);
    else if (typeof value === "string") this.text(value);
    else if (value instanceof Float) this.float(value.value);
    else if (value instanceof Uint8Array) this.binary(value);
    else this.array(value);
  }
}

/** Write a value; throws `MsgpackError` for a number that is not whole (say `Float`) or cannot be told exactly. */
export function pack(value: Packed): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.any(value);
  return writer.written;
}

/** What is read: floats come as plain numbers. */
export type Unpacked = null | boolean | number | string | Uint8Array | Unpacked[];

class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  private take(n: number): number {
    const at = this.at;
    if (at + n > this.bytes.length) throw new MsgpackError("cut short");
    this.at += n;
    return at;
  }

  private uint(n: 1 | 2 | 4): number {
    const at = this.take(n);
    if (n === 1) return this.view.getUint8(at);
    return n === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private int(n: 1 | 2 | 4): number {
    const value = this.uint(n);
    const top = 2 ** (8 * n - 1);
    return value >= top ? value - 2 * top : value;
  }

  private wide(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new MsgpackError(`${value} is beyond what can be told exactly`);
    return number;
  }

  private slice(n: number): Uint8Array {
    const at = this.take(n);
    return this.bytes.slice(at, at + n);
  }

  private text(n: number): string {
    try {
      return utf8Strict.decode(this.slice(n));
    } catch (problem) {
      throw problem instanceof MsgpackError ? problem : new MsgpackError("a text is not UTF-8");
    }
  }

  private array(n: number, depth: number): Unpacked[] {
    if (depth >= DEPTH_MAX) throw new MsgpackError("nested too deeply");
    if (n > this.bytes.length - this.at) throw new MsgpackError("cut short");
    return Array.from({ length: n }, () => this.any(depth + 1));
  }

  any(depth: number): Unpacked {
    const code = this.uint(1);
    if (code < 0x80) return code;
    if (code >= 0xe0) return code - 0x100;
    if (code >= 0xa0 && code < 0xc0) return this.text(code & 0x1f);
    if (code >= 0x90 && code < 0xa0) return this.array(code & 0x0f, depth);
    const read = this.readers[code];
    if (read === undefined) throw new MsgpackError(`0x${code.toString(16)} is nothing that the wire uses`);
    return read(depth);
  }

  private readonly readers: Readonly<Record<number, (depth: number) => Unpacked>> = {
    192: () => null,
    194: () => false,
    195: () => true,
    196: () => this.slice(this.uint(1)),
    197: () => this.slice(this.uint(2)),
    198: () => this.slice(this.uint(4)),
    202: () => this.view.getFloat32(this.take(4)),
    203: () => this.view.getFloat64(this.take(8)),
    204: () => this.uint(1),
    205: () => this.uint(2),
    206: () => this.uint(4),
    207: () => this.wide(this.view.getBigUint64(this.take(8))),
    208: () => this.int(1),
    209: () => this.int(2),
    210: () => this.int(4),
    211: () => this.wide(this.view.getBigInt64(this.take(8))),
    217: () => this.text(this.uint(1)),
    218: () => this.text(this.uint(2)),
    219: () => this.text(this.uint(4)),
    220: (depth) => this.array(this.uint(2), depth),
    221: (depth) => this.array(this.uint(4), depth),
  };
}

/** Read exactly one value; throws `MsgpackError` and nothing else, whatever the bytes. */
export function unpack(bytes: Uint8Array): Unpacked {
  const reader = new Reader(bytes);
  const value = reader.any(0);
  if (!reader.isAtEnd) throw new MsgpackError("bytes are left over");
  return value;
}
