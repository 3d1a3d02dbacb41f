// A part of an administration page: its title, what it is for, what it shows, what went wrong.

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Loaded } from "../patient/loaded";
import { words, wordsOfError } from "../words/words";

interface Props {
  id: string;
  title: string;
  hint: string;
  children: ComponentChildren;
}

export function Panel({ id, title, hint, children }: Props) {
  return (
    <section class="panel admin-panel" aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
      </div>
      <p class="nothing">{hint}</p>
      {children}
    </section>
  );
}

/** What waits for an answer, or why there is none; nothing once it is there. */
export function LoadedState({ loaded, again }: { loaded: Signal<Loaded<unknown>>; again: () => void }) {
  const { value, problem, busy } = loaded.value;
  if (problem !== null)
    return (
      <p class="problem" role="alert">
        {wordsOfError(problem)}{" "}
        <button type="button" class="button" onClick={again}>
          {words("admin.try_again")}
        </button>
      </p>
    );
  return value === null && busy ? <p role="status">{words("app.loading")}</p> : null;
}

/** A table that a narrow screen turns into a card for each row. */
export function Table({ label, heads, rows }: { label: string; heads: string[]; rows: ComponentChildren[][] }) {
  const frame = useRef<HTMLElement>(null);
  const hadFocus = frame.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    // A button that goes with its row hands the focus to the table: the keyboard goes on from here.
    if (hadFocus && document.activeElement === document.body) frame.current?.focus({ preventScroll: true });
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section ref={frame} class="admin-table" tabIndex={0}>
      <table aria-label={label}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head || <span class="visually-hidden">{words("admin.actions")}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, i) => (
                <td key={heads[i]} data-head={heads[i]}>
                  <div>{cell}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
