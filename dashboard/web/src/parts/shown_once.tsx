// What is shown once, to be taken away: copied, written down, printed.

import { useSignal } from "@preact/signals";
import { words } from "../words/words";

interface Props {
  label: string;
  texts: readonly string[];
  /** What the button says by which it is gone. */
  doneWords?: string;
  onDone: () => void;
}

export function ShownOnce({ label, texts, doneWords, onDone }: Props) {
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(texts.join("\n"));
    copied.value = true;
  };
  return (
    <div class="admin-secret" role="status">
      <p>{label}</p>
      {texts.length === 1 ? (
        <code>{texts[0]}</code>
      ) : (
        <ol class="codes">
          {texts.map((text) => (
            <li key={text}>
              <code>{text}</code>
            </li>
          ))}
        </ol>
      )}
      <div class="row">
        <button type="button" class="button" onClick={() => copy().catch(() => undefined)}>
          {words(copied.value ? "secret.copied" : "secret.copy")}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {doneWords ?? words("secret.done")}
        </button>
      </div>
    </div>
  );
}
