// Every open alarm in one place: hearts apart from the system, late and paused ones apart from what calls now.

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { AlarmBar } from "../parts/alarm_bar";
import { CrossIcon, PriorityIcon, TechnicalIcon } from "../parts/icons";
import { patientPath } from "../router";
import { isUnanswered } from "../ward/order";
import { everyone, systemAlarms } from "../ward/ward";
import { callName, plural, words } from "../words/words";
import { acknowledgeAll } from "./answer";
import { mayAct } from "./caring";
import { type Group, grouped, type Row, SECTIONS, type Section } from "./groups";
import { SoundPause } from "./pauses";
import { useShown } from "./shown";

export const isBoardOpen = signal(false);
/** More with the same call stand in one line, until it is opened. */
const SINGLE_MOST = 3;
/** So many of an opened line are drawn at once. */
const DRAWN_MOST = 50;

export function AlarmBoard() {
  const element = useRef<HTMLElement>(null);
  const isOpen = isBoardOpen.value;
  useEffect(() => {
    if (!isOpen) return undefined;
    element.current?.focus();
    // Wherever the focus is: the row that had it may be gone.
    const leave = ({ key }: KeyboardEvent) => {
      if (key === "Escape" && document.querySelector("dialog[open], :popover-open") === null) closeBoard();
    };
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  }, [isOpen]);
  if (!isOpen) return null;
  const rows: Row[] = [
    ...systemAlarms.value.map((alarm) => ({ alarm, patient: null })),
    ...everyone.value.flatMap(({ patient, alarms }) => alarms.map((alarm) => ({ alarm, patient }))),
  ];
  const sections = grouped(rows);
  return (
    <aside ref={element} id="board" class="board" aria-label={words("board.title")} tabIndex={-1}>
      <div class="dialog-head">
        <h2>{words("board.title")}</h2>
        <button type="button" class="button icon-only" aria-label={words("dialog.close")} onClick={closeBoard}>
          <CrossIcon />
        </button>
      </div>
      {mayAct.value && (
        <div class="board-section">
          <SoundPause />
        </div>
      )}
      {rows.length === 0 && <p class="nothing">{words("board.none")}</p>}
      {SECTIONS.map((section) => (
        <Groups key={section} section={section} groups={sections.get(section) ?? []} />
      ))}
    </aside>
  );
}

function closeBoard(): void {
  isBoardOpen.value = false;
  document.querySelector<HTMLElement>("button.counts")?.focus();
}

function Groups({ section, groups }: { section: Section; groups: readonly Group[] }) {
  if (groups.length === 0) return null;
  return (
    <section class="board-section" data-section={section}>
      <h3>
        {section === "technical" && <TechnicalIcon />}
        {words(`board.${section}`)}
      </h3>
      <ul>
        {groups.map((group) =>
          group.rows.length > SINGLE_MOST ? (
            <Many key={group.call} group={group} />
          ) : (
            group.rows.map((row) => <One key={row.alarm.id} row={row} />)
          ),
        )}
      </ul>
    </section>
  );
}

function One({ row: { alarm, patient } }: { row: Row }) {
  const name = patient?.name ?? words("system.name");
  return (
    <li class="board-one">
      {patient === null ? <span>{name}</span> : <a href={patientPath(patient.id)}>{name}</a>}
      <AlarmBar alarm={alarm} name={name} />
    </li>
  );
}

/** "No signal received: 212 patients", one line; its patients on demand. */
function Many({ group: { call, rows } }: { group: Group }) {
  const isOpen = useSignal(false);
  const shown = useShown<HTMLLIElement>(rows.map(({ alarm }) => alarm));
  const unanswered = rows.map(({ alarm }) => alarm).filter(isUnanswered);
  const priority = rows[0]?.alarm.priority ?? "low";
  return (
    <li ref={shown} class="board-many">
      <div class="alarm-bar" data-priority={priority} data-state="active" data-flashes="false">
        <PriorityIcon priority={priority} />
        <span class="alarm-words">
          <span class="visually-hidden">{words(`priority.${priority}`)}</span>
          <strong>
            {words("board.of_many", { call: callName(call), patients: plural("counts.patients", rows.length) })}
          </strong>
        </span>
        <button
          type="button"
          class="button"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {words(isOpen.value ? "board.fold" : "board.unfold")}
        </button>
      </div>
      {mayAct.value && unanswered.length > 0 && (
        <button type="button" class="button" onClick={() => acknowledgeAll(unanswered)}>
          {words("patient.acknowledge_all", { n: unanswered.length })}
        </button>
      )}
      {isOpen.value && (
        <ul>
          {rows.slice(0, DRAWN_MOST).map((row) => (
            <One key={row.alarm.id} row={row} />
          ))}
          {rows.length > DRAWN_MOST && <li class="nothing">{plural("trouble.more", rows.length - DRAWN_MOST)}</li>}
        </ul>
      )}
    </li>
  );
}
