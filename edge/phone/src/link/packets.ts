// Packets of MQTT 3.1.1, as many as a device needs (OASIS standard, 29 October 2014). Pure.

export interface Publish {
  topic: string;
  payload: Uint8Array<ArrayBuffer>;
  qos: 0 | 1;
  id: number;
}

export type Packet =
  | { type: "connack"; code: number }
  | { type: "suback"; codes: number[] }
  | { type: "puback"; id: number }
  | ({ type: "publish" } & Publish)
  | { type: "pong" };

/** What a broker sent is not MQTT 3.1.1, or more than it may send us. */
export class PacketError extends Error {}

/** Longest packet that is read, bytes: an acknowledgement of 256 ranges has 4 kB. */
const PACKET_MAX = 65_536;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);

/** Clause 1.5.3: a text behind its length; a payload of a will and a password likewise. */
function sized(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  return joined([u16(bytes.length), bytes]);
}

/** Clause 2.2: type, flags, and the length of what follows in groups of seven bits. */
function packet(head: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = joined(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return joined([Uint8Array.of(head, ...length), body]);
}

export interface Connect {
  clientId: string;
  username: string;
  password: string;
  keepaliveS: number;
  will: { topic: string; payload: Uint8Array };
}

/** Clause 3.1: a clean session with a will, QoS 1 and retained, and with a user and a password. */
export function connect({ clientId, username, password, keepaliveS, will }: Connect): Uint8Array<ArrayBuffer> {
  const flags = 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02;
  return packet(0x10, [
    sized("MQTT"),
    Uint8Array.of(4, flags),
    u16(keepaliveS),
    sized(clientId),
    sized(will.topic),
    sized(will.payload),
    sized(username),
    sized(password),
  ]);
}

/** Clause 3.8, with QoS 1. */
export function subscribe(id: number, topics: readonly string[]): Uint8Array<ArrayBuffer> {
  return packet(0x82, [u16(id), ...topics.flatMap((topic) => [sized(topic), Uint8Array.of(1)])]);
}

/** Clause 3.3, with QoS 1. */
export function publish(id: number, topic: string, payload: Uint8Array, retain: boolean): Uint8Array<ArrayBuffer> {
  return packet(0x32 | (retain ? 1 : 0), [sized(topic), u16(id), payload]);
}

export const puback = (id: number) => packet(0x40, [u16(id)]);
export const PING = Uint8Array.of(0xc0, 0);
export const DISCONNECT = Uint8Array.of(0xe0, 0);

/** Cuts a stream of bytes into packets, however it was cut before (clause 6.0). */
export class PacketReader {
  private bytes = new Uint8Array(0);

  /** Take bytes and return the packets that they complete; throws `PacketError`. */
  take(more: Uint8Array): Packet[] {
    this.bytes = joined([this.bytes, more]);
    const packets: Packet[] = [];
    for (let whole = this.next(); whole !== null; whole = this.next()) packets.push(whole);
    return packets;
  }

  private next(): Packet | null {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[at++];
      if (byte === undefined) return null;
      length |= (byte & 0x7f) << shift;
      if (length > PACKET_MAX || shift > 21) throw new PacketError(`a packet of ${length} bytes`);
      if ((byte & 0x80) === 0) break;
    }
    if (this.bytes.length < at + length) return null;
    const head = this.bytes[0] ?? 0;
    const body = this.bytes.slice(at, at + length);
    this.bytes = this.bytes.slice(at + length);
    return read(head, body);
  }
}

function read(head: number, body: Uint8Array<ArrayBuffer>): Packet {
  const view = new DataView(body.buffer);
  try {
    switch (head >> 4) {
      case 2:
        return { type: "connack", code: view.getUint8(1) };
      case 3:
        return readPublish(head, body, view);
      case 4:
        return { type: "puback", id: view.getUint16(0) };
      case 9:
        return { type: "suback", codes: [...body.slice(2)] };
      case 13:
        return { type: "pong" };
    }
  } catch (problem) {
    if (problem instanceof RangeError) throw new PacketError("a packet is cut short");
    throw problem;
  }
  throw new PacketError(`a packet of type ${head >> 4}, which no broker sends to a device`);
}

function readPublish(head: number, body: Uint8Array<ArrayBuffer>, view: DataView): Packet {
  const qos = (head >> 1) & 3;
  if (qos > 1) throw new PacketError("a message with QoS 2, which was not asked for");
  const topicEnd = 2 + view.getUint16(0);
  const id = qos === 1 ? view.getUint16(topicEnd) : 0;
  const begin = topicEnd + (qos === 1 ? 2 : 0);
  if (begin > body.length) throw new PacketError("a message is cut short");
  const topic = utf8Decoder.decode(body.subarray(2, topicEnd));
  return { type: "publish", topic, qos: qos === 1 ? 1 : 0, id, payload: body.slice(begin) };
}
