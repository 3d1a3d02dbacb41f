// Whose alarms the dialog is about, and what the signed-in person may do.

import { computed, signal } from "@preact/signals";
import { user } from "../session";

/** A patient's id, null for the system itself; undefined: the dialog is closed. */
export const caredFor = signal<number | null | undefined>(undefined);
export const careFor = (patientId: number | null): void => {
  caredFor.value = patientId;
};
export const endCare = (): void => {
  caredFor.value = undefined;
};

const may = (permission: string) => computed(() => user.value?.permissions.includes(permission) ?? false);

export const mayAct = may("act_on_alarms");
export const mayReview = may("review");
export const maySeeLedger = may("see_ledger");
export const mayTurnOff = may("turn_alarms_off");
export const maySeePatient = may("see_patient");
