// In which zone the times of a ward and of its patients are told; what is no ward's is in the hospital's.

import { computed } from "@preact/signals";
import { usable } from "../words/zone";
import { ward } from "./ward";

const wardOf = computed(() => new Map(ward.value?.patients.map(({ id, ward: name }) => [id, name])));

/** Undefined until the first picture is there. */
export function zoneOfWard(name: string): string | undefined {
  const zones = ward.value?.zones;
  const zone = zones?.[name] ?? zones?.[""];
  return zone === undefined ? undefined : usable(zone);
}

export const zoneOfHospital = () => zoneOfWard("");

export const zoneOfPatient = (id: number | null): string | undefined =>
  zoneOfWard(id === null ? "" : (wardOf.value.get(id) ?? ""));
