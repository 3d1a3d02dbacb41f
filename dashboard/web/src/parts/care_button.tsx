// Opens all that one does about a patient's alarms.

import { careFor } from "../alarms/caring";
import type { WardPatient } from "../api/types";
import { words } from "../words/words";
import { MoreIcon } from "./icons";

export function CareButton({ patient }: { patient: WardPatient }) {
  return (
    <button
      type="button"
      class="button more"
      aria-haspopup="dialog"
      aria-label={words("care.title", { name: patient.name })}
      title={words("care.title", { name: patient.name })}
      onClick={() => careFor(patient.id)}
    >
      <MoreIcon />
    </button>
  );
}
