// Pages that the first picture does not need: loaded once it is there, while nothing else is to be done, so that each is
// at hand when it is asked for, even if the server is away by then.

import { signal } from "@preact/signals";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { user } from "../session";
import { words } from "../words/words";
import { SubPage } from "./sub_page";

const loads: (() => Promise<void>)[] = [];

/** What `load` brings, in its place as soon as it is there. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const loaded = signal<ComponentType<Props> | null>(null);
  const isMissing = signal(false);
  const bring = async () => {
    if (loaded.value !== null) return;
    try {
      const brought = await load();
      isMissing.value = false;
      loaded.value = brought;
    } catch {
      isMissing.value = true;
    }
  };
  loads.push(bring);
  return function Later(props: Props) {
    useEffect(() => {
      bring();
    }, []);
    const Loaded = loaded.value;
    if (Loaded !== null) return <Loaded {...props} />;
    return isMissing.value ? <Missing /> : <Coming />;
  };
}

/** Bring all, one after the other. */
export async function bringAll(): Promise<void> {
  for (const bring of loads) await bring();
}

function Coming() {
  return (
    <Frame>
      <p role="status">{words("app.loading")}</p>
    </Frame>
  );
}

/** The server is away, or has newer pages by now. */
function Missing() {
  return (
    <Frame>
      <p role="alert">{words("app.not_loaded")}</p>
      <button type="button" class="button main" onClick={() => location.reload()}>
        {words("app.load_again")}
      </button>
    </Frame>
  );
}

/** Alarms and what is not live stay in sight; who is not signed in comes by a link, and has no ward. */
function Frame({ children }: { children: ComponentChildren }) {
  if (user.value) {
    return (
      <SubPage back="/ward" backWords={words("app.to_ward")} class="centred">
        {children}
      </SubPage>
    );
  }
  return (
    <main class="centred" id="main">
      {children}
    </main>
  );
}
