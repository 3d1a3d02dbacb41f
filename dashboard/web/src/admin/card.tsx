// A card: what something is set to, and a form behind a button that sets it otherwise.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../words/words";
import type { Acting } from "./act";

interface Props {
  title: string;
  /** Names the button for whoever does not see its card; null where nothing can be set. */
  change: string | null;
  acting: Acting;
  changing: { value: boolean };
  /** What it is set to. */
  children: ComponentChildren;
  fields: ComponentChildren;
  /** Besides the one that leaves all as it is. */
  buttons: ComponentChildren;
  submit: (given: FormData) => void;
}

export function Card({ title, change, acting, changing, children, fields, buttons, submit }: Props) {
  const card = useRef<HTMLLIElement>(null);
  const was = useRef(changing.value);
  // What was pressed is gone: the keyboard goes on in the form, and back where it came from.
  useEffect(() => {
    if (was.current === changing.value) return;
    was.current = changing.value;
    card.current?.querySelector<HTMLElement>(changing.value ? "input" : "button")?.focus();
  }, [changing.value]);
  return (
    <li ref={card}>
      <h3>{title}</h3>
      {children}
      {change !== null && !changing.value && (
        <button
          type="button"
          class="button"
          aria-label={change}
          onClick={() => {
            changing.value = true;
          }}
        >
          {words("admin.change")}
        </button>
      )}
      {changing.value && (
        <form
          class="care-form"
          onSubmit={(event) => {
            event.preventDefault();
            submit(new FormData(event.currentTarget));
          }}
        >
          {fields}
          <div class="row">
            {buttons}
            <button
              type="button"
              class="button"
              onClick={() => {
                changing.value = false;
              }}
            >
              {words("admin.cancel")}
            </button>
          </div>
        </form>
      )}
      <p class="problem" role="alert">
        {acting.problem.value}
      </p>
    </li>
  );
}
