// One connection to the broker at a time, MQTT over a websocket: opened, watched, opened again. What the broker has taken
// is no promise; what counts is what the database confirms.

import { connect, DISCONNECT, type Packet, PacketReader, PING, puback, publish, subscribe } from "./packets";

const KEEPALIVE_S = 20;
const PING_EVERY_MS = 10_000;
/** So long without a byte, the connection is taken for dead: a phone changes its network without a word. */
const SILENCE_MS = 25_000;
const OPEN_MS = 15_000;
const FIRST_PAUSE_MS = 1000;
/** A connection that held so long was a good one: the next pause is short again. */
const HELD_MS = 5000;
/** Bytes that the browser holds unsent: more, and the link is slower than what we send. */
const BUFFERED_MAX = 262_144;

/** Why there is no connection: nobody answers, or we are refused. */
export type LinkProblem = "unreachable" | "refused" | "lost";

export interface Credential {
  device: string;
  username: string;
  password: string;
  client_id: string;
  topic_prefix: string;
  broker_ws_url: string;
}

export interface Listener {
  onUp(): void;
  onDown(problem: LinkProblem): void;
  onAck(payload: Uint8Array): void;
  onMessage(payload: Uint8Array): void;
}

export class Link {
  isUp = false;
  problem: LinkProblem | null = null;
  private socket: WebSocket | null = null;
  private attempt = 0;
  private id = 0;
  private heardMs = 0;
  private upMs = 0;
  private published = 0;
  private taken = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private isStopped = true;

  constructor(
    private readonly credential: Credential,
    private readonly will: () => Uint8Array,
    private readonly listener: Listener,
    private readonly longestPauseMs = 15_000,
  ) {}

  start(): void {
    this.isStopped = false;
    this.open();
  }

  /** Say goodbye and do not come back. */
  stop(farewell?: Uint8Array): void {
    this.isStopped = true;
    if (this.isUp && farewell) this.publish("status", farewell, true);
    this.write(DISCONNECT);
    this.end("lost");
    clearTimeout(this.timer);
  }

  /** Try at once: the phone says that it has a network again. */
  hurry(): void {
    if (this.isStopped || this.socket !== null) return;
    clearTimeout(this.timer);
    this.attempt = 0;
    this.open();
  }

  /** End this connection, which answers no more; a new one follows. */
  drop(): void {
    this.end("lost");
  }

  /** Send with QoS 1; false when there is no connection, or it is fuller than it can empty. */
  publish(stream: string, payload: Uint8Array, retain = false): boolean {
    if (!this.isUp || (this.socket?.bufferedAmount ?? 0) > BUFFERED_MAX) return false;
    this.published++;
    return this.write(publish(this.nextId(), `${this.credential.topic_prefix}/${stream}`, payload, retain));
  }

  /** Whether the broker has not taken all that was published over this connection. */
  get isStalled(): boolean {
    return this.published > this.taken;
  }

  private nextId(): number {
    this.id = (this.id % 0xffff) + 1;
    return this.id;
  }

  private write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(bytes);
    return true;
  }

  private open(): void {
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.credential.broker_ws_url, "mqtt");
    } catch {
      this.again("unreachable");
      return;
    }
    const reader = new PacketReader();
    const { username, password, client_id: clientId, topic_prefix } = this.credential;
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.published = 0;
    this.taken = 0;
    this.heardMs = performance.now();
    socket.onopen = () => {
      const will = { topic: `${topic_prefix}/status`, payload: this.will() };
      socket.send(connect({ clientId, username, password, keepaliveS: KEEPALIVE_S, will }));
    };
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      this.heardMs = performance.now();
      try {
        for (const packet of reader.take(new Uint8Array(data as ArrayBuffer))) this.hear(packet);
      } catch {
        this.end("lost"); // whatever it sent that cannot be read: connect anew
      }
    };
    socket.onclose = () => {
      if (this.socket === socket) this.end(this.isUp ? "lost" : "unreachable");
    };
    clearInterval(this.beat);
    this.beat = setInterval(() => this.watch(), PING_EVERY_MS);
  }

  private watch(): void {
    const silentMs = performance.now() - this.heardMs;
    if (silentMs > (this.isUp ? SILENCE_MS : OPEN_MS)) this.end(this.isUp ? "lost" : "unreachable");
    else if (this.isUp) this.write(PING);
  }

  private hear(packet: Packet): void {
    if (packet.type === "connack") {
      if (packet.code !== 0) this.end("refused");
      else {
        const topics = ["ack", "message"].map((stream) => `${this.credential.topic_prefix}/${stream}`);
        this.write(subscribe(this.nextId(), topics));
      }
    } else if (packet.type === "suback") {
      if (packet.codes.some((code) => code > 2)) this.end("refused");
      else this.up();
    } else if (packet.type === "puback") {
      this.taken++;
    } else if (packet.type === "publish") {
      if (packet.qos === 1) this.write(puback(packet.id));
      if (packet.topic.endsWith("/ack")) this.listener.onAck(packet.payload);
      else this.listener.onMessage(packet.payload);
    }
  }

  private up(): void {
    this.isUp = true;
    this.problem = null;
    this.upMs = performance.now();
    this.listener.onUp();
  }

  private end(problem: LinkProblem): void {
    const { socket } = this;
    if (socket === null) return;
    this.socket = null;
    if (this.isUp && performance.now() - this.upMs > HELD_MS) this.attempt = 0;
    this.isUp = false;
    clearInterval(this.beat);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.again(problem);
  }

  private again(problem: LinkProblem): void {
    this.problem = problem;
    this.listener.onDown(problem);
    if (this.isStopped) return;
    const bound = Math.min(this.longestPauseMs, FIRST_PAUSE_MS * 2 ** Math.min(this.attempt++, 10));
    this.timer = setTimeout(() => this.open(), bound * (0.5 + Math.random() / 2));
  }
}
