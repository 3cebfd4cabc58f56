// Names of segments: sortable by the time of their opening, safe as file names. Knows no clock and no random source.

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, lower case
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 6;
const PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/;

/** 10 digits of milliseconds since the epoch, 6 of `random` (an integer; its low 30 bits count). */
export function formatSegmentId(wallMs: number, random: number): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(wallMs)), i = 0; i < TIME_DIGITS; i++, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  let tail = '';
  for (let i = 0; i < RANDOM_DIGITS; i++) tail += ALPHABET.charAt((random >>> (5 * i)) & 31);
  return time + tail;
}

/** TRUST: the only way a segment id out of a file, a name or an argument becomes part of a path. */
export function isSegmentId(text: string): boolean {
  return PATTERN.test(text);
}

/** `<segment>:<seq>` as it stands in denials; undefined where it is no such thing. */
export function readRef(text: string): { segment: string; seq: number } | undefined {
  const match = /^([0-9a-z]{16}):([1-9][0-9]{0,14})$/.exec(text);
  const [, segment, seq] = match ?? [];
  return segment !== undefined && seq !== undefined && isSegmentId(segment) ? { segment, seq: Number(seq) } : undefined;
}

/** The UTC day of a moment as its directory is called: `2026-03-01`. */
export function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

export function isDay(name: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(name);
}
