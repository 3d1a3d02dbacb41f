// The few pictures; each stands beside its words, so none has a name of its own.

const PATHS = {
  heart: "M16 27S4 20 4 11.5A6.5 6.5 0 0 1 16 8a6.5 6.5 0 0 1 12 3.5C28 20 16 27 16 27Z",
  line: "M3 17h6l2-4 2 4h1l2.5-11 3 17 2.2-8 1.3 2h6",
  hand: "M16 4a12 12 0 1 0 .1 0M16 9.500v8m0 5v.5",
  talk: "M5 6h22v15H14l-6 6v-6H5Z",
  check: "M6 17l7 7L27 8",
  wait: "M16 5a11 11 0 1 0 .1 0M16 10v7l5 3",
  warn: "M16 4 2.500 28h27Zm0 9v7m0 4v.5",
  phone: "M8 4h5l2 7-3 2a16 16 0 0 0 7 7l2-3 7 2v5c0 2-2 4-4 4C14 28 4 18 4 8c0-2 2-4 4-4Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
