// Frames in IndexedDB until the *database* has them: durable, bounded, and full aloud. The policy is that of
// docs/adr/0003-outbox-policy.md: a heart cannot wait, so a full outbox loses its oldest signal, counts it, and marks
// the hole; what the patient said (presses, messages, answers) is never dropped for signal.

import type { Ack, Stream } from "../wire/frames";
import { EcgFlag, U32_MAX, withFlags } from "../wire/frames";
import { confirmedRanges } from "../wire/watermark";
import { asked, done, openDatabase } from "./database";

/** What a frame takes besides its payload: keys, index, and their share of the store's pages. */
export const FRAME_OVERHEAD_BYTES = 160;
/** Dropped at a time from a full outbox, so that not every frame costs a round of its own. */
const DROP_BYTES = 65_536;

export interface Held {
  /** Order of their time, over all runs. */
  position: number;
  bootId: number;
  stream: Stream;
  seq: number;
  /** As it goes over the wire. */
  payload: Uint8Array<ArrayBuffer>;
}

export type NewFrame = Omit<Held, "position">;

export interface Contents {
  frames: number;
  usedBytes: number;
  leftBytes: number;
  /** Frames of signal ever lost for want of room. */
  lostFrames: number;
  /** Those of them that are ECG. */
  lostEcgFrames: number;
}

/** The phone's storage is full: nothing of the write was kept. */
export class StorageFullError extends Error {}

/** What a frame takes in the outbox. */
export const costOf = (payload: Uint8Array) => payload.length + FRAME_OVERHEAD_BYTES;

interface Counts {
  frames: number;
  used: number;
  lost: number;
  lostEcg: number;
  nextPosition: number;
}

export class Outbox {
  /** What the browser lets us have at most: learned when it refuses a write. */
  private quotaBytes = Number.POSITIVE_INFINITY;
  /** All signal was dropped: the next frame that comes is the one after the hole. */
  private isGapNext = false;

  private constructor(
    private readonly db: IDBDatabase,
    private run: number,
    private counts: Counts,
    /** Frames of earlier runs may have been sent: they never change. */
    private readonly oldUpTo: number,
    private readonly maxBytes: number,
  ) {}

  /** Open it and begin a run: its boot_id is above those of all runs before, and normally the clock's seconds. */
  static async open(name: string, maxBytes: number, nowS: number): Promise<Outbox> {
    const db = await openDatabase(name);
    const tx = db.transaction(["facts"], "readwrite", { durability: "strict" });
    const facts = tx.objectStore("facts");
    const last = ((await asked(facts.get("boot_id"))) as number | undefined) ?? 0;
    const bootId = Math.max(last + 1, Math.floor(nowS));
    if (bootId > U32_MAX) throw new Error("no boot_id is left: pair the phone anew");
    facts.put(bootId, "boot_id");
    const counts = (await asked(facts.get("counts"))) as Partial<Counts> | undefined;
    await done(tx);
    const known = { frames: 0, used: 0, lost: 0, lostEcg: 0, nextPosition: 1, ...counts };
    return new Outbox(db, bootId, known, known.nextPosition - 1, maxBytes);
  }

  close(): void {
    this.db.close();
  }

  get bootId(): number {
    return this.run;
  }

  /** Begin another run in the same page; its number is on the disk with its first frame. */
  beginRun(): number {
    if (this.run >= U32_MAX) throw new Error("no boot_id is left: pair the phone anew");
    return ++this.run;
  }

  get lastPosition(): number {
    return this.counts.nextPosition - 1;
  }

  get contents(): Contents {
    const { frames, used, lost, lostEcg } = this.counts;
    const leftBytes = Math.max(0, this.bound - used);
    return { frames, usedBytes: used, leftBytes, lostFrames: lost, lostEcgFrames: lostEcg };
  }

  private get bound(): number {
    return Math.min(this.maxBytes, this.quotaBytes);
  }

  /** The browser has less room than we may use: `leftBytes` more, by its own estimate. */
  limit(leftBytes: number): void {
    this.quotaBytes = this.counts.used + Math.max(0, leftBytes);
  }

  /**
   * In one durable write: add frames, and let go of what the database says it has. Returns how many went. Throws
   * `StorageFullError` where the browser refuses, and nothing of it was kept.
   */
  async commit(frames: readonly NewFrame[], acks: readonly Ack[]): Promise<number> {
    const ranges = acks.flatMap((ack) => confirmedRanges(ack).map((range) => ({ ack, range })));
    const counts = { ...this.counts };
    const tx = this.begin();
    const store = tx.objectStore("frames");
    let gone = 0;
    const letGo = (held: Held, cursor: IDBCursorWithValue) => {
      cursor.delete();
      gone++;
      counts.frames--;
      counts.used -= costOf(held.payload);
      return true;
    };
    // Acks first: a frame just made cannot be meant by one.
    for (const { ack, range } of ranges) {
      const keys = IDBKeyRange.bound([ack.bootId, ack.stream, range[0]], [ack.bootId, ack.stream, range[1]]);
      await each(store.index("identity").openCursor(keys), letGo);
    }
    let isGapNext = this.isGapNext;
    for (const frame of frames) {
      const isMarked = isGapNext && frame.stream === "ecg";
      const payload = isMarked ? withFlags(frame.payload, EcgFlag.gapBefore) : frame.payload;
      if (isMarked) isGapNext = false;
      store.add({ ...frame, payload, position: counts.nextPosition++ });
      counts.frames++;
      counts.used += costOf(payload);
    }
    await this.end(tx, counts);
    this.isGapNext = isGapNext;
    return gone;
  }

  hasRoomFor(frames: readonly NewFrame[]): boolean {
    const more = frames.reduce((sum, frame) => sum + costOf(frame.payload), 0);
    return this.counts.used + more <= this.bound;
  }

  /**
   * Drop the oldest frames of signal until these fit; the next one is marked as one with a gap before it, unless it may
   * have been sent (a frame never changes once it was). Returns the positions dropped.
   */
  async dropFor(frames: readonly NewFrame[], handedUpTo: number): Promise<Set<number>> {
    const more = frames.reduce((sum, frame) => sum + costOf(frame.payload), 0) + Math.min(DROP_BYTES, this.bound / 8);
    const counts = { ...this.counts };
    const unchangeable = Math.max(handedUpTo, this.oldUpTo);
    const dropped = new Set<number>();
    let isSignalLeft = false;
    const tx = this.begin();
    await each(tx.objectStore("frames").openCursor(), (held, cursor) => {
      if (held.stream === "event") return true;
      if (counts.used + more > this.bound) {
        cursor.delete();
        dropped.add(held.position);
        counts.frames--;
        counts.lost++;
        if (held.stream === "ecg") counts.lostEcg++;
        counts.used -= costOf(held.payload);
        return true;
      }
      if (held.stream !== "ecg") return true;
      isSignalLeft = true;
      if (held.position > unchangeable) {
        const payload = withFlags(held.payload, EcgFlag.gapBefore);
        counts.used += payload.length - held.payload.length;
        cursor.update({ ...held, payload });
      }
      return false;
    });
    await this.end(tx, counts);
    if (dropped.size > 0 && !isSignalLeft) this.isGapNext = true;
    return dropped;
  }

  /** Count frames that never came into the outbox, because the browser took nothing at all any more; and mark the hole. */
  async countLost(frames: readonly NewFrame[]): Promise<void> {
    const ecg = frames.filter((frame) => frame.stream === "ecg").length;
    const { lost, lostEcg } = this.counts;
    this.counts = { ...this.counts, lost: lost + frames.length, lostEcg: lostEcg + ecg };
    this.isGapNext ||= ecg > 0;
    try {
      const tx = this.begin();
      await this.end(tx, this.counts);
    } catch (problem) {
      // It is still on the screen, and written with the next frame that finds room.
      if (!(problem instanceof StorageFullError)) throw problem;
    }
  }

  /** The oldest frames after a position. */
  async after(position: number, limit: number): Promise<Held[]> {
    const store = this.db.transaction("frames").objectStore("frames");
    return (await asked(store.getAll(IDBKeyRange.lowerBound(position, true), limit))) as Held[];
  }

  /** What the patient said and the database does not have yet, the oldest first. */
  async events(limit: number): Promise<Held[]> {
    const found: Held[] = [];
    const index = this.db.transaction("frames").objectStore("frames").index("stream");
    await each(index.openCursor(IDBKeyRange.only("event")), (held) => {
      found.push(held);
      return found.length < limit;
    });
    return found;
  }

  private begin(): IDBTransaction {
    return this.db.transaction(["frames", "facts"], "readwrite", { durability: "strict" });
  }

  private async end(tx: IDBTransaction, counts: Counts): Promise<void> {
    tx.objectStore("facts").put(counts, "counts");
    tx.objectStore("facts").put(this.run, "boot_id");
    try {
      await done(tx);
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === "QuotaExceededError") {
        throw new StorageFullError("the phone's storage is full");
      }
      throw problem;
    }
    this.counts = counts;
  }
}

/** Walk a cursor; `take` may end it by returning false. */
function each(
  request: IDBRequest<IDBCursorWithValue | null>,
  take: (held: Held, cursor: IDBCursorWithValue) => boolean | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null || take(cursor.value as Held, cursor) === false) resolve();
      else cursor.continue();
    };
  });
}
