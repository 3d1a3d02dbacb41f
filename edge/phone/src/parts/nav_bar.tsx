// At the foot of every screen: the button for what one feels, and the three other screens.

import type { Ref } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { screen } from "../router";
import { unread } from "../store";
import { plural, words } from "../words/words";
import { Icon, type IconName } from "./icons";

const ITEMS: readonly { name: "now" | "messages" | "heart"; icon: IconName }[] = [
  { name: "now", icon: "line" },
  { name: "messages", icon: "talk" },
  { name: "heart", icon: "heart" },
];

/** More of the screen than this is not for the bar: with large letters it stands at the end of the page instead. */
const SHARE_MOST = 0.35;

/** Keep what has the focus clear of the bar, however large the letters are. */
function useRoom(): Ref<HTMLElement> {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    const { current } = bar;
    if (current === null) return;
    const { style } = document.documentElement;
    const fit = () => {
      const isStill = current.offsetHeight > SHARE_MOST * innerHeight;
      current.classList.toggle("still", isStill);
      style.scrollPaddingBottom = isStill ? "" : `${current.offsetHeight + 12}px`;
    };
    const observer = new ResizeObserver(fit);
    observer.observe(current);
    addEventListener("resize", fit);
    return () => {
      observer.disconnect();
      removeEventListener("resize", fit);
      style.scrollPaddingBottom = "";
    };
  }, []);
  return bar;
}

export function NavBar() {
  const bar = useRoom();
  return (
    <nav ref={bar} class="nav" aria-label={words("nav.label")}>
      {screen.value !== "feel" && (
        <a class="button feel" href="#feel">
          <Icon name="hand" />
          {words("nav.feel")}
        </a>
      )}
      <ul>
        {ITEMS.map(({ name, icon }) => (
          <li key={name}>
            <a href={`#${name}`} aria-current={screen.value === name ? "page" : undefined}>
              <Icon name={icon} />
              <span>{words(`nav.${name}`)}</span>
              {name === "messages" && unread.value > 0 && (
                <span class="badge">
                  {unread.value}
                  <span class="unseen">{plural("nav.unread", unread.value)}</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
