// Finds many secrets in bytes at once and puts their names in their places. Pure; knows neither where the bytes come from nor who keeps
// them. Wu and Manber's search (1994): most of a text is skipped in strides of the shortest form, so 1 MB costs a few milliseconds.
import { decodeQuotedPrintable, decodeView } from './decoded-view.ts';
import { mayGoOn, WRAPPED_LINE } from './escapes.ts';
import { listForms, PIECE } from './secret-forms.ts';

export interface Secret {
  /** Of the variable: it stands where the secret was. */
  readonly name: string;
  readonly value: string;
}

export interface Masker {
  /** Bytes of the longest form: what is held back at the edge of a chunk. */
  readonly longest: number;
  /** Bytes that may stand in front of a place and decide whether it is one: what is kept of what was shown. */
  readonly context: number;
  /** Where secrets stand: in order, apart, `[start, end)`. */
  find(bytes: Uint8Array): readonly Hit[];
  /** `[secret NAME]` for each of `hits`, in order and apart. */
  replace(bytes: Uint8Array, hits: readonly Hit[]): Uint8Array;
  /** Whether a secret may lie across the line break at `at`. */
  mayGoOn(bytes: Uint8Array, at: number): boolean;
  /** `[secret NAME]` for every hit. The same object where there is none. */
  maskBytes(bytes: Uint8Array): Uint8Array;
  maskText(text: string): string;
}

export interface Hit {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

interface Needle {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Escapes of one kind inside another: a URL in HTML, HTML in JSON. */
const VIEWS = 2;
/** Bytes that one byte of a secret takes at most: `&amp;#x00000027;`. */
const LONGEST_ESCAPE = 16;

const BLOCK = 3;
const TABLE = 65_536;

/** Undefined where there is nothing to mask. */
export function createMasker(secrets: readonly Secret[]): Masker | undefined {
  const needles = listNeedles(secrets);
  if (needles.length === 0) return undefined;
  const shortest = Math.min(...needles.map(({ bytes }) => bytes.length));
  const longest = Math.max(...needles.map(({ bytes }) => bytes.length), LONGEST_ESCAPE * longestLine(secrets));
  const stride = shortest - BLOCK + 1;
  const shifts = new Uint8Array(TABLE).fill(Math.min(stride, 255));
  const buckets = new Map<number, Needle[]>();
  for (const needle of needles) {
    for (let end = BLOCK - 1; end < shortest; end += 1) {
      const block = hashAt(needle.bytes, end);
      const shift = shortest - 1 - end;
      if (shift < (shifts[block] ?? 0)) shifts[block] = shift;
      if (shift === 0) buckets.set(block, [...(buckets.get(block) ?? []), needle]);
    }
  }

  function search(bytes: Uint8Array): readonly Hit[] {
    const hits: { name: string; start: number; end: number }[] = [];
    const { length } = bytes;
    for (let end = shortest - 1; end < length; ) {
      const block = hashAt(bytes, end);
      const shift = shifts[block] ?? 0;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - shortest + 1;
      for (const needle of buckets.get(block) ?? []) {
        if (!standsAt(needle.bytes, bytes, start)) continue;
        const last = hits.at(-1);
        // What overlaps is one place.
        if (last !== undefined && start < last.end) last.end = Math.max(last.end, start + needle.bytes.length);
        else hits.push({ name: needle.name, start, end: start + needle.bytes.length });
      }
      end += 1;
    }
    return hits;
  }
  /** As it is, and as it reads once escapes are decoded: an encoder may escape any character or none. */
  function find(bytes: Uint8Array): readonly Hit[] {
    const hits = [...search(bytes)];
    let place = (hit: Hit): Hit => hit;
    let view = decodeView(bytes);
    for (let depth = 0; depth < VIEWS && view !== undefined; depth += 1) {
      const { placeOf } = view;
      const outer = place;
      place = (hit) => outer({ ...hit, ...placeOf(hit.start, hit.end) });
      hits.push(...search(view.bytes).map(place));
      view = depth + 1 < VIEWS ? decodeView(view.bytes) : undefined;
    }
    const mail = decodeQuotedPrintable(bytes);
    if (mail !== undefined)
      hits.push(...search(mail.bytes).map((hit) => ({ ...hit, ...mail.placeOf(hit.start, hit.end) })));
    return hits.length > 1 ? unite(hits) : hits;
  }
  function maskBytes(bytes: Uint8Array): Uint8Array {
    const hits = find(bytes);
    return hits.length === 0 ? bytes : replaceHits(bytes, hits);
  }
  return {
    ...{ longest, find, maskBytes, mayGoOn, context: WRAPPED_LINE + 2 },
    replace: replaceHits,
    maskText: (text) => {
      const bytes = new TextEncoder().encode(text);
      const masked = maskBytes(bytes);
      return masked === bytes ? text : new TextDecoder().decode(masked);
    },
  };
}

/** In order, apart. Of two that overlap the first gives its name. */
function unite(hits: readonly Hit[]): readonly Hit[] {
  const united: { name: string; start: number; end: number }[] = [];
  for (const hit of [...hits].sort((one, other) => one.start - other.start || other.end - one.end)) {
    const last = united.at(-1);
    if (last !== undefined && hit.start < last.end) last.end = Math.max(last.end, hit.end);
    else united.push({ ...hit });
  }
  return united;
}

/** In bytes, of what is looked for in one piece. */
function longestLine(secrets: readonly Secret[]): number {
  const lines = secrets.flatMap(({ value }) => value.split(/[\r\n]+/));
  return Math.max(...lines.map((line) => new TextEncoder().encode(line.slice(0, PIECE)).length));
}

/** One needle a form; of two secrets with a form in common the first one gives its name. */
function listNeedles(secrets: readonly Secret[]): readonly Needle[] {
  const names = new Map<string, string>();
  for (const { name, value } of secrets)
    for (const form of listForms(value)) if (!names.has(form)) names.set(form, name);
  return [...names].map(([form, name]) => ({ name, bytes: new TextEncoder().encode(form) }));
}

function hashAt(bytes: Uint8Array, end: number): number {
  const block = ((bytes[end - 2] ?? 0) << 16) | ((bytes[end - 1] ?? 0) << 8) | (bytes[end] ?? 0);
  return Math.imul(block, 0x9e3779b1) >>> 16;
}

function standsAt(needle: Uint8Array, bytes: Uint8Array, start: number): boolean {
  if (start + needle.length > bytes.length) return false;
  for (let index = 0; index < needle.length; index += 1) if (needle[index] !== bytes[start + index]) return false;
  return true;
}

function replaceHits(bytes: Uint8Array, hits: readonly Hit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { name, start, end } of hits) {
    parts.push(bytes.subarray(from, start), new TextEncoder().encode(`[secret ${name}]`));
    from = end;
  }
  parts.push(bytes.subarray(from));
  const masked = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    masked.set(part, at);
    at += part.length;
  }
  return masked;
}
