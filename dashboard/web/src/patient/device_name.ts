// How a device is called, and how its clock is, for a person.

import { span } from "../words/numbers";
import { words } from "../words/words";

/** What it is, as far as it said so. */
export const nameOf = (device: { wearable: string | null; description: string }): string =>
  device.wearable || device.description || words("devices.unnamed");

/** How far its clock is from the server's; `offsetUs` is the server's less its own, null while unknown. */
export function clockOffset(offsetUs: number | null): string {
  if (offsetUs === null) return words("devices.clock_unknown");
  if (Math.abs(offsetUs) < 1e6) return words("devices.clock_right");
  const key = offsetUs > 0 ? "devices.clock_behind" : "devices.clock_ahead";
  return words(key, { span: span(Math.abs(offsetUs) / 1e6) });
}
