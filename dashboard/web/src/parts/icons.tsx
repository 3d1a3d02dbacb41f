// Icons, drawn here: always beside words or with a label of their own, so hidden from screen readers.

import type { ComponentChildren } from "preact";
import type { Priority } from "../api/types";

function Icon({ children, name }: { children: ComponentChildren; name: string }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** The number of marks says the priority without colour, as IEC 60601-1-8 has it. */
export function PriorityIcon({ priority }: { priority: Priority }) {
  const marks = { high: [7.6, 12, 16.4], medium: [9.6, 14.4], low: [12] }[priority];
  return (
    <Icon name="priority">
      <path d="M12 2.2 23 21.5H1Z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
      {marks.map((x) => (
        <path key={x} d={`M${x} 11.2v4.6M${x} 18.2v.2`} stroke="currentColor" stroke-width="2" stroke-linecap="round" />
      ))}
    </Icon>
  );
}

/** Of the system that watches, not of the heart: a spanner. */
export const TechnicalIcon = () => (
  <Icon name="technical">
    <path
      d="M14.7 6.3a4.6 4.6 0 0 1 5.9-1.6l-3 3 .5 1.9 1.9.5 3-3a4.6 4.6 0 0 1-6.4 5.6L8.1 21.2a2.4 2.4 0 0 1-3.4-3.4l8.5-8.5a4.6 4.6 0 0 1 1.5-3Z"
      transform="translate(-1.6 -.6)"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linejoin="round"
    />
  </Icon>
);

export const ClockIcon = () => (
  <Icon name="clock">
    <circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2" />
    <path d="M12 6.8V12l3.4 2.2" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon name="plus">
    <path d="M12 4.5v15M4.5 12h15" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
  </Icon>
);

export const MoreIcon = () => (
  <Icon name="more">
    <path d="M5 12h.01M12 12h.01M19 12h.01" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" />
  </Icon>
);

export const PersonIcon = () => (
  <Icon name="person">
    <circle cx="12" cy="8" r="4" fill="currentColor" />
    <path d="M4 20.5c.6-4.4 3.8-6.6 8-6.6s7.4 2.2 8 6.6Z" fill="currentColor" />
  </Icon>
);

/** How the ward is shown. */
export const ViewIcon = () => (
  <Icon name="view">
    <path
      d="M4 4.5h6.5V10H4Zm9.5 0H20V10h-6.5ZM4 14h6.5v5.5H4Zm9.5 0H20v5.5h-6.5Z"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
    />
  </Icon>
);

/** A pane with a crack. */
export const GlassIcon = () => (
  <Icon name="glass">
    <path
      d="M4 3.5h16v17H4ZM13.5 3.5l-3 6 4 3-5 8M14.5 12.5l5.5-2"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linejoin="round"
    />
  </Icon>
);

export const HeartIcon = () => (
  <Icon name="heart">
    <path
      d="M12 20.6C5.3 15.6 2.6 12 2.6 8.6a5 5 0 0 1 9.4-2.4 5 5 0 0 1 9.4 2.4c0 3.4-2.7 7-9.4 12Z"
      fill="currentColor"
    />
  </Icon>
);

export function SoundIcon({ state }: { state: "on" | "off" }) {
  return (
    <Icon name="sound">
      <path d="M3 9.3v5.4h3.7L12 19V5L6.7 9.3Z" fill="currentColor" />
      {state === "on" ? (
        <path
          d="M15 9a4.2 4.2 0 0 1 0 6M17.8 6.2a8.2 8.2 0 0 1 0 11.6"
          fill="none"
          stroke="currentColor"
          stroke-width="1.9"
          stroke-linecap="round"
        />
      ) : (
        <path d="m15.5 9.5 5 5m0-5-5 5" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
      )}
    </Icon>
  );
}

export const MoonIcon = () => (
  <Icon name="moon">
    <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" fill="currentColor" />
  </Icon>
);

export const SunIcon = () => (
  <Icon name="sun">
    <circle cx="12" cy="12" r="4.2" fill="currentColor" />
    <path
      d="M12 2.5v2.6m0 13.8v2.6M2.5 12h2.6m13.8 0h2.6M5.3 5.3l1.8 1.8m9.8 9.8 1.8 1.8m0-13.4-1.8 1.8m-9.8 9.8-1.8 1.8"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
    />
  </Icon>
);

export function BatteryIcon({ percent }: { percent: number }) {
  return (
    <Icon name="battery">
      <rect x="1.5" y="7" width="18" height="10" rx="2" fill="none" stroke="currentColor" stroke-width="1.8" />
      <path d="M21 10v4" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
      <rect x="3.6" y="9.1" width={Math.max(0.8, (13.8 * percent) / 100)} height="5.8" rx="0.8" fill="currentColor" />
    </Icon>
  );
}

export const CheckIcon = () => (
  <Icon name="check">
    <path
      d="m4.5 12.5 5 5 10-11"
      fill="none"
      stroke="currentColor"
      stroke-width="2.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </Icon>
);

export const CrossIcon = () => (
  <Icon name="cross">
    <path d="m6 6 12 12M18 6 6 18" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
  </Icon>
);

export function ArrowIcon({ to }: { to: "left" | "right" }) {
  return (
    <Icon name="arrow">
      <path
        d={to === "left" ? "m14.5 5-7 7 7 7" : "m9.5 5 7 7-7 7"}
        fill="none"
        stroke="currentColor"
        stroke-width="2.2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </Icon>
  );
}

/** heartwire's own mark. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path
      d="M1 18h8l2-4 2 4h1l2.5-11 3 17 2.2-8 1.3 2h8"
      fill="none"
      stroke="currentColor"
      stroke-width="2.6"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
);

export const QuestionIcon = () => (
  <Icon name="question">
    <circle cx="12" cy="12" r="9.4" fill="none" stroke="currentColor" stroke-width="1.9" />
    <path
      d="M9.3 9.4a2.8 2.8 0 1 1 4.2 2.5c-1 .6-1.5 1.1-1.5 2.3M12 17.2v.2"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linecap="round"
    />
  </Icon>
);
