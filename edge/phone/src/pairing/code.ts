// The pairing code as somebody types it or a camera reads it: eight characters of Crockford's base 32. Pure.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const CODE_LENGTH = 8;

/** What was typed, as the code is written: `O` is read as `0`, `I` and `L` as `1`, all else is left out. */
export function cleanCode(typed: string): string {
  const read = typed.toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  return [...read]
    .filter((letter) => ALPHABET.includes(letter))
    .join("")
    .slice(0, CODE_LENGTH);
}

/** As it is read aloud: `ABCD-EFGH`. */
export const spacedCode = (code: string): string => (code.length > 4 ? `${code.slice(0, 4)}-${code.slice(4)}` : code);

/** The code in a scanned text: an address with `?code=`, or the code alone; null when there is none. */
export function codeOf(text: string): string | null {
  const query = /[?&]code=([^&#]+)/.exec(text);
  if (query === null && text.includes("/")) return null;
  const code = cleanCode(query?.[1] ?? text);
  return code.length === CODE_LENGTH ? code : null;
}
