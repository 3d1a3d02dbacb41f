import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Agent, type AgentState } from "./agent";
import { Outbox } from "./outbox/outbox";
import { encodeEcg, encodeEvent } from "./wire/frames";
import { pack, unpack } from "./wire/msgpack";

/** A broker at the other end of a websocket: lets in, and says what it is told to say. */
class Broker {
  static readonly OPEN = 1;
  static latest: Broker;
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly published: { topic: string; payload: Uint8Array }[] = [];

  constructor() {
    Broker.latest = this;
    setTimeout(() => this.onopen?.());
  }

  say(...bytes: number[]): void {
    this.onmessage?.({ data: Uint8Array.from(bytes).buffer });
  }

  send(bytes: Uint8Array): void {
    const [head = 0] = bytes;
    if (head >> 4 === 1) this.say(0x20, 2, 0, 0);
    if (head >> 4 === 8) this.say(0x90, 4, bytes[2] ?? 0, bytes[3] ?? 0, 1, 1);
    if (head >> 4 !== 3) return;
    const begin = (bytes[1] ?? 0) & 0x80 ? 3 : 2;
    const topicLength = bytes[begin + 1] ?? 0;
    const topic = new TextDecoder().decode(bytes.subarray(begin + 2, begin + 2 + topicLength));
    this.say(0x40, 2, bytes[begin + 2 + topicLength] ?? 0, bytes[begin + 3 + topicLength] ?? 0);
    this.published.push({ topic, payload: bytes.slice(begin + 4 + topicLength) });
  }

  tell(stream: string, payload: Uint8Array): void {
    const topic = new TextEncoder().encode(`hw/1/0/d/${stream}`);
    this.say(0x30, 2 + topic.length + payload.length, 0, topic.length, ...topic, ...payload);
  }

  seqsOf(stream: string): number[] {
    const sent = this.published.filter((one) => one.topic.endsWith(`/${stream}`));
    return sent.map((one) => (unpack(one.payload) as number[])[1] ?? -1);
  }

  close(): void {
    this.readyState = 3;
  }
}

const CREDENTIAL = {
  device: "d",
  username: "d",
  password: "p",
  client_id: "heartwire-d",
  topic_prefix: "hw/1/0/d",
  broker_ws_url: "ws://broker",
};
let outbox: Outbox;
let agent: Agent;
let state: AgentState | null = null;
let unsent: ReadonlySet<string> = new Set();
let names = 0;

beforeEach(async () => {
  vi.stubGlobal("WebSocket", Broker);
  vi.stubGlobal("navigator", {});
  outbox = await Outbox.open(`agent-${names++}`, 1e6, 1000);
  agent = new Agent(
    outbox,
    CREDENTIAL,
    () => ({ batteryPercent: 50, wearable: "H10" }),
    (next) => {
      state = next;
    },
    () => undefined,
    (next) => {
      unsent = next;
    },
  );
});

afterEach(async () => {
  await agent.stop();
  vi.unstubAllGlobals();
});

function put(seq: number): void {
  const frame = { bootId: 1000, seq, t0: seq, fsMhz: 130_000, lead: "ECG", gain: 1000, baseline: 0, flags: 0 };
  agent.put("ecg", seq, encodeEcg({ ...frame, samples: new Int16Array(30) }));
}

const ack = (stream: string, committed: number) =>
  Broker.latest.tell("ack", pack([1000, stream, committed, [], committed]));

it("says received only of what the database confirmed, and lets go of it then", async () => {
  agent.start();
  for (let seq = 0; seq < 3; seq++) put(seq);
  await vi.waitFor(() => expect(Broker.latest.seqsOf("ecg")).toEqual([0, 1, 2]));
  ack("ecg", -1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(state?.receivedMs).toBeNull();
  expect(state?.contents.frames).toBe(3);
  ack("ecg", 1);
  await vi.waitFor(() => expect(state?.receivedMs).not.toBeNull());
  await vi.waitFor(() => expect(state?.contents.frames).toBe(1), { timeout: 4000 });
});

it("believes no watermark of what was never sent", async () => {
  agent.start();
  put(0);
  await vi.waitFor(() => expect(Broker.latest.seqsOf("ecg")).toEqual([0]));
  ack("ecg", 7);
  await new Promise((resolve) => setTimeout(resolve, 2200));
  expect(state?.receivedMs).toBeNull();
  expect(state?.contents.frames).toBe(1);
});

it("lets go of nothing while the browser refuses to write, and says so", async () => {
  const commit = vi.spyOn(outbox, "commit").mockRejectedValue(new DOMException("disk", "UnknownError"));
  agent.start();
  for (let seq = 0; seq < 5; seq++) put(seq);
  await vi.waitFor(() => expect(state?.isStorageFull).toBe(true));
  commit.mockRestore();
  await vi.waitFor(() => expect(Broker.latest.seqsOf("ecg")).toEqual([0, 1, 2, 3, 4]), { timeout: 4000 });
  expect(state?.contents.lostFrames).toBe(0);
});

it("knows what the patient said and the database does not have", async () => {
  agent.start();
  agent.put("event", 0, encodeEvent({ bootId: 1000, seq: 0, t0: 1, kind: "symptom", text: "{}" }));
  await vi.waitFor(() => expect(unsent).toEqual(new Set(["1000/0"])));
  await vi.waitFor(() => expect(Broker.latest.seqsOf("event")).not.toEqual([]));
  ack("event", 0);
  await vi.waitFor(() => expect(unsent).toEqual(new Set()), { timeout: 4000 });
});
