// How much signal some bytes of the outbox are, in words.

import type { Contents } from "../outbox/outbox";
import { span } from "../words/words";

/** Bytes of a second of signal in the outbox: a frame of 0.8 s has 208 of samples, 40 of fields, 160 of store; a heart rate
 * each second has 30 and 160. */
const BYTES_PER_S = 700;
/** A second or two are always under way: that is not waiting. */
const UNDER_WAY_S = 8;

export const spanOfBytes = (bytes: number): string => span(bytes / BYTES_PER_S);

/** How long a stretch of signal waits to be sent; null where none does. */
export const waitingSpan = ({ usedBytes }: Contents): string | null =>
  usedBytes / BYTES_PER_S < UNDER_WAY_S ? null : spanOfBytes(usedBytes);
