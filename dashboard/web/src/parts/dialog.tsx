// A dialog above the page: it takes the focus and gives it back, and Escape or a press beside it closes it.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { words } from "../words/words";
import { CrossIcon } from "./icons";
import { NoteLine } from "./note";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Props) {
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = element.current;
    const before = document.activeElement;
    shown?.showModal();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same, by the browser itself
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={onClose}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="button icon-only" aria-label={words("dialog.close")} onClick={onClose}>
          <CrossIcon />
        </button>
      </div>
      <div class="dialog-body">{children}</div>
      <NoteLine />
    </dialog>
  );
}
