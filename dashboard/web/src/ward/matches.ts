// Finding a patient by a few letters of his name. Pure.

/** Without accents and case: "Muller" finds "Müller". */
const plain = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Whether every word of `wanted` begins a word of the name. Pure. */
export function matches(name: string, wanted: string): boolean {
  const parts = plain(name).split(/[\s-]+/);
  return plain(wanted)
    .split(/\s+/)
    .every((word) => parts.some((part) => part.startsWith(word)));
}
