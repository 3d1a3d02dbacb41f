// "I feel something": one large button, which says it at once; then, who wants to, says more.

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icons";
import { press, tellMore } from "../patient";
import { emergencyNumber, type Press, presses } from "../store";
import { CHIPS, wordsOfChips } from "../words/chips";
import { when, words } from "../words/words";

/** The patient says more about a press: one thing at a time, the bar at the foot is away meanwhile. */
export const isTelling = signal(false);

const NOTE_MAX = 300;

export function Feel() {
  const open = useSignal<string | null>(null);
  const found = presses.value.find((one) => one.press === open.value);
  if (found) {
    return (
      <More
        press={found}
        close={() => {
          open.value = null;
        }}
      />
    );
  }
  return (
    <>
      <h1>{words("feel.title")}</h1>
      <button
        type="button"
        class="big"
        onClick={() => {
          open.value = press();
        }}
      >
        {words("feel.press")}
      </button>
      <p>{words("feel.help")}</p>
      <Emergency isUrgent={false} />
      {presses.value.length > 0 && (
        <section aria-labelledby="earlier">
          <h2 id="earlier">{words("feel.earlier")}</h2>
          <ul class="list">
            {[...presses.value]
              .reverse()
              .slice(0, 5)
              .map((one) => (
                <li key={one.press}>
                  <PressLine press={one} />
                </li>
              ))}
          </ul>
        </section>
      )}
    </>
  );
}

function More({ press: { press: id, tUs }, close }: { press: Press; close: () => void }) {
  const chips = useSignal<readonly string[]>([]);
  const note = useSignal("");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    isTelling.value = true;
    scrollTo(0, 0);
    heading.current?.focus();
    return () => {
      isTelling.value = false;
    };
  }, []);
  const toggle = (chip: string) => {
    const has = chips.value.includes(chip);
    chips.value = has ? chips.value.filter((one) => one !== chip) : [...chips.value, chip];
  };
  const send = (event: Event) => {
    event.preventDefault();
    if (chips.value.length > 0 || note.value.trim() !== "") tellMore(id, [...chips.value], note.value.trim());
    close();
  };
  return (
    <form onSubmit={send}>
      <div role="status">
        <h1 ref={heading} tabIndex={-1}>
          {words("feel.noted", { when: when(tUs) })}
        </h1>
      </div>
      {chips.value.includes("chest_pain") && <Emergency isUrgent />}
      <fieldset>
        <legend>{words("feel.what")}</legend>
        <div class="chips">
          {CHIPS.map((chip) => (
            <button
              key={chip}
              type="button"
              class="button chip"
              aria-pressed={chips.value.includes(chip)}
              onClick={() => toggle(chip)}
            >
              {words(`chip.${chip}`)}
            </button>
          ))}
        </div>
      </fieldset>
      <label for="note">{words("feel.note")}</label>
      <textarea
        id="note"
        rows={3}
        maxLength={NOTE_MAX}
        value={note.value}
        onInput={(event) => {
          note.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="button main">
        {words("feel.send")}
      </button>
    </form>
  );
}

function Emergency({ isUrgent }: { isUrgent: boolean }) {
  const number = emergencyNumber.value;
  if (!isUrgent) return <p class="emergency">{words("feel.emergency", { number })}</p>;
  return (
    <div class="urgent" role="alert">
      <p>{words("feel.urgent", { number })}</p>
      <a class="button" href={`tel:${number}`}>
        <Icon name="phone" />
        {words("feel.call", { number })}
      </a>
    </div>
  );
}

function PressLine({ press: { tUs, chips, note, isReceived, readUs, readBy } }: { press: Press }) {
  const state =
    readUs !== null
      ? words("feel.read", { name: readBy ?? "", when: when(readUs) })
      : words(isReceived ? "feel.sent" : "feel.kept");
  const what = wordsOfChips(chips);
  return (
    <>
      <strong>{when(tUs)}</strong>
      {what !== "" && <span>{what}</span>}
      {note !== "" && <span>{note}</span>}
      <span class={readUs === null ? "state" : "state good"}>{state}</span>
    </>
  );
}
