// What a page is about. Who comes from another page begins here, by keyboard and by screen reader.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { cameFromHere } from "../router";

export function Main({ class: name, children }: { class: string; children: ComponentChildren }) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    const main = element.current;
    // A page may have chosen a place in it already.
    if (cameFromHere() && main?.contains(document.activeElement) === false) main.focus({ preventScroll: true });
  }, []);
  return (
    <main ref={element} class={name} id="main" tabIndex={-1}>
      {children}
    </main>
  );
}
