// Whose a patient is: taken over by oneself with one press, or given to a colleague.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { assignNurse } from "../api/alarms";
import type { Colleague, WardPatient } from "../api/types";
import { PeopleOptions } from "../parts/people_options";
import { user } from "../session";
import { learnNurse } from "../ward/ward";
import { words } from "../words/words";
import { sayFailure } from "./answer";
import { colleagues, learnColleagues } from "./colleagues";

export function NurseChoice({ patient }: { patient: WardPatient }) {
  const busy = useSignal(false);
  useEffect(learnColleagues, []);

  const assign = async (userId: number | null) => {
    if (busy.value) return;
    busy.value = true;
    try {
      learnNurse(patient.id, await assignNurse(patient.id, userId));
    } catch (error) {
      sayFailure(error);
    } finally {
      busy.value = false;
    }
  };

  const isMine = patient.nurse?.id === user.value?.id;
  const others: readonly Colleague[] = colleagues.value ?? [];
  return (
    <div class="care-row">
      <label>
        <span>{words("nurse.label")}</span>
        <select
          value={patient.nurse?.id ?? ""}
          disabled={busy.value}
          onChange={({ currentTarget: { value } }) => assign(value === "" ? null : Number(value))}
        >
          <option value="">{words("nurse.nobody")}</option>
          {patient.nurse !== null && !others.some(({ id }) => id === patient.nurse?.id) && (
            <option value={patient.nurse.id}>{patient.nurse.name}</option>
          )}
          <PeopleOptions people={others} />
        </select>
      </label>
      {!isMine && (
        <button type="button" class="button" aria-disabled={busy.value} onClick={() => assign(user.value?.id ?? null)}>
          {words("nurse.take")}
        </button>
      )}
    </div>
  );
}
