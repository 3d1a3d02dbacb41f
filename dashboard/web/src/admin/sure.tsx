// What cannot be taken back is asked once more, with what it means.

import type { Signal } from "@preact/signals";
import { Dialog } from "../parts/dialog";
import { words } from "../words/words";
import { useActing } from "./act";

export interface Question {
  title: string;
  /** What becomes of it, a paragraph each. */
  means: readonly string[];
  /** The button's words. */
  act: string;
  work: () => Promise<unknown>;
}

interface Props {
  /** Null while nothing is asked. */
  question: Signal<Question | null>;
  /** It was done. */
  onDone: () => void;
}

export function Sure({ question, onDone }: Props) {
  if (question.value === null) return null;
  const leave = () => {
    question.value = null;
  };
  return <SureDialog {...question.value} onLeave={leave} onDone={onDone} />;
}

interface ButtonProps extends Pick<Props, "question"> {
  asks: Question;
  /** Names the button for whoever does not see its row. */
  label: string;
  busy: Signal<boolean>;
}

/** The button of a row that asks first. */
export function SureButton({ question, asks, label, busy }: ButtonProps) {
  return (
    <button
      type="button"
      class="button danger"
      aria-disabled={busy.value}
      aria-label={label}
      onClick={() => {
        question.value = asks;
      }}
    >
      {asks.act}
    </button>
  );
}

function SureDialog({
  title,
  means,
  act,
  work,
  onLeave,
  onDone,
}: Question & { onLeave: () => void; onDone: () => void }) {
  const acting = useActing();
  const answer = async () => {
    if (!(await acting.act(work))) return;
    onLeave();
    onDone();
  };
  return (
    <Dialog title={title} onClose={onLeave}>
      {means.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <p class="problem" role="alert">
        {acting.problem.value}
      </p>
      <div class="row">
        <button type="button" class="button danger" aria-disabled={acting.busy.value} onClick={answer}>
          {act}
        </button>
        <button type="button" class="button" onClick={onLeave}>
          {words("admin.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
