// A button that opens a small panel below it; Escape, a press elsewhere, or the button closes it.

import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

interface Props {
  /** What the button shows. */
  button: ComponentChildren;
  /** Names the button where its content does not, and the panel. */
  label: string;
  class?: string;
  children: ComponentChildren;
}

export function Menu({ button, label, class: name = "", children }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);

  const place = ({ currentTarget: panel }: Event & { currentTarget: HTMLElement }) => {
    const under = opener.current?.getBoundingClientRect();
    if (under === undefined) return;
    panel.style.top = `${under.bottom + 6}px`;
    panel.style.right = `${Math.max(8, document.documentElement.clientWidth - under.right)}px`;
  };

  return (
    <>
      <button ref={opener} type="button" class={`button ${name}`} popovertarget={id} aria-label={label}>
        {button}
      </button>
      <div id={id} class="menu" popover="auto" role="dialog" aria-label={label} onBeforeToggle={place}>
        {children}
      </div>
    </>
  );
}
