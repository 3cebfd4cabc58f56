// What one reading of a text costs to be made and looked at: a call is refused by the time that it would take, not by how much it says.
// Knows no path and no other reading.

/** What costs as much as one look at the disk, some 10 µs. */
export const UNITS_PER_LOOK = 512;

/** Every character costs one unit; these cost as much more, by what is done about them. */
const SEPARATOR = 6;
/** Of a separator, by each directory that the path may count from. */
const SEPARATOR_FROM_EACH = 4;
/** Each variable is looked up by three of the changes. */
const VARIABLE = 40;
const ESCAPE = 24;
/** Peeled, dropped or cut at. */
const LOOSE = 4;
/** Folded, and looked for what is invisible. */
const WIDE = 4;

const isSeparator = (code: number): boolean => code === 0x2f || code === 0x5c;

const BY_CODE = Uint8Array.from({ length: 0x80 }, (_, code) => {
  if (isSeparator(code)) return SEPARATOR;
  const character = String.fromCharCode(code);
  if ('$`'.includes(character)) return VARIABLE;
  if (character === '%') return ESCAPE;
  return code < 0x20 || '"\'@<>=()[]{};:?#\x7f'.includes(character) ? LOOSE : 0;
});

/** In units. Linear. attacker-controlled: `reading`. @param bases how many directories a relative path may count from */
export function weighReading(reading: string, bases: number): number {
  let units = reading.length;
  for (let at = 0; at < reading.length; at += 1) {
    const code = reading.charCodeAt(at);
    units += BY_CODE[code] ?? WIDE;
    if (isSeparator(code)) units += SEPARATOR_FROM_EACH * bases;
  }
  return units;
}
