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

/** A panel's, as in top_bar.css. */
const WIDEST_REM = 24;
const EDGE_PX = 8;
const remPx = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

export function Menu({ button, label, class: name = "", children }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);

  const place = ({ currentTarget: panel }: Event & { currentTarget: HTMLElement }) => {
    const under = opener.current?.getBoundingClientRect();
    if (under === undefined) return;
    panel.style.top = `${under.bottom + 6}px`;
    // A button far to the left, on a bar of two lines, would push its panel off the page.
    const { clientWidth } = document.documentElement;
    const rightPx = Math.min(clientWidth - under.right, clientWidth - WIDEST_REM * remPx() - EDGE_PX);
    panel.style.right = `${Math.max(EDGE_PX, rightPx)}px`;
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
