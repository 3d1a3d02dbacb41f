// At the foot of every screen: the button for what one feels, and the three other screens.

import { screen } from "../router";
import { unread } from "../store";
import { plural, words } from "../words/words";
import { Icon, type IconName } from "./icons";

const ITEMS: readonly { name: "now" | "messages" | "heart"; icon: IconName }[] = [
  { name: "now", icon: "line" },
  { name: "messages", icon: "talk" },
  { name: "heart", icon: "heart" },
];

export function NavBar() {
  return (
    <nav class="nav" aria-label={words("nav.label")}>
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
