// Everybody in trouble in one line, the gravest first, while all tiles stay at their places.

import { AlarmBar } from "../parts/alarm_bar";
import { patientPath } from "../router";
import { plural, words } from "../words/words";
import { isUnanswered } from "./order";
import type { Watched } from "./ward";
import { shown } from "./ward";

/** More would push the ward itself off the screen. */
const MOST = 8;

const isCalling = ({ alarms }: Watched) => alarms.some((alarm) => isUnanswered(alarm) && !alarm.late);

export function TroubleStrip() {
  const calling = shown.value.filter(isCalling); // the gravest first, as they come
  if (calling.length === 0) return null;
  return (
    <ol class="trouble-strip" aria-label={words("trouble.label")}>
      {calling.slice(0, MOST).map(({ patient, alarms: [gravest] }) => (
        <li key={patient.id}>
          <a href={patientPath(patient.id)}>{patient.name}</a>
          {gravest && <AlarmBar alarm={gravest} name={patient.name} />}
        </li>
      ))}
      {calling.length > MOST && <li class="trouble-more">{plural("trouble.more", calling.length - MOST)}</li>}
    </ol>
  );
}
