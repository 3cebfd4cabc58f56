// What a person reads beside a count, and what is read back from it: whose it is, field by field. Pure; knows no key and no store.
// INVARIANT: no value that a caller chooses (a client's name, a tool's) can be read as another field, or as a part of one.
import { showInert } from '../../wire/inert-text.ts';
import { DIMENSIONS, type Dimension, type Limit, type Subject } from './limit.ts';
import { PART_WORDS, type Part } from './subject-key.ts';

const LONGEST_VALUE = 40;
const LONGEST_LABEL = 160;
/** What needs no quotes. */
const PLAIN = /^[\p{L}\p{N}._:@/+%*…-]+$/u;
const NOBODY = '-';

/** Null: nobody said. */
export type SubjectFields = Readonly<Partial<Record<Dimension, string | null>>>;

export interface LabelParts {
  /** `limits[0].rate` */
  readonly limit: string;
  /** Empty where the limit has one count for all. */
  readonly subject: SubjectFields;
}

/** `limits[0].rate tool=read_file client="a b"`: inert, at most 160 bytes. */
export function labelOf(limit: Limit, part: Part, subject: Subject): string {
  const fields = Object.fromEntries(limit.key.map((dimension) => [dimension, subject[dimension] ?? null]));
  const text = [`${limit.rule}.${PART_WORDS[part]}`, ...listFields(fields)].join(' ');
  // Inert text is ASCII but for letters: what is cut is cut between characters.
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > LONGEST_LABEL) break;
    cut += character;
  }
  return cut;
}

/** `principal=local:ada`, `client="a b"`: each of the fields, in their order. */
export function listFields(fields: SubjectFields): readonly string[] {
  return Object.entries(fields).map(([dimension, value]) => `${dimension}=${showValue(value ?? undefined)}`);
}

function showValue(value: string | undefined): string {
  if (value === undefined) return NOBODY;
  const short = shortenValue(value);
  return PLAIN.test(short) && short !== NOBODY ? short : JSON.stringify(short);
}

/** As a label has it: inert, and the beginning of what is long. */
export function shortenValue(value: string): string {
  // of one that is short already its own `…` is left alone
  const isLong = value.length > LONGEST_VALUE + (value.endsWith('…') ? 1 : 0);
  return showInert(isLong ? `${value.slice(0, LONGEST_VALUE)}…` : value);
}

/**
 * A label, or what a person writes in its manner (`limits[0] tool=read`). One of an older guard, without quotes, is read as far as that is
 * sure: what might be another's field stays with the one before it. Never throws.
 */
export function readLabel(label: string): LabelParts {
  const start = FIELD.exec(label)?.index ?? label.length;
  const fields = new Map<Dimension, string | null>();
  let rest = label.slice(start);
  let last: Dimension | undefined;
  while (rest !== '') {
    const [word = rest, name, quoted, plain = ''] = WORD.exec(rest) ?? [];
    const dimension = DIMENSIONS.find((one) => one === name);
    if (dimension !== undefined && !fields.has(dimension)) {
      last = dimension;
      fields.set(dimension, quoted === undefined ? (plain === NOBODY ? null : plain) : unquote(quoted));
    } else if (last !== undefined) fields.set(last, `${fields.get(last) ?? NOBODY} ${word.trim()}`);
    rest = rest.slice(word.length);
  }
  return { limit: label.slice(0, start).trim(), subject: Object.fromEntries(fields) };
}

const FIELD = new RegExp(`(?:^| )(?:${DIMENSIONS.join('|')})=`);
/** A field with its value in quotes (the closing one may have been cut off) or without, or another word; and the blanks behind. */
const WORD = /^ *(?:(\w+)=(?:("(?:[^"\\]|\\.)*(?:"|\\?$))|([^ ]*))|[^ ]+) */;

function unquote(text: string): string {
  for (const whole of [text, `${text}"`, `${text.replace(/\\[^\\]*$/, '')}"`]) {
    try {
      const value: unknown = JSON.parse(whole);
      if (typeof value === 'string') return value;
    } catch {
      // cut off in the middle
    }
  }
  return text;
}
