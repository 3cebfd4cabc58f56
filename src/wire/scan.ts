// One pass over the bytes of a line: what JSON.parse does not tell. Knows brackets, strings, colons and six key names; nothing of MCP.
import { decodeLiteral, findStringEndInBytes, isSpace, type Span } from './string-literal.ts';

/** Where the value of an envelope's member stands, in bytes. `undefined`: no such member. The last one where there are several. */
export interface EnvelopeSpans {
  jsonrpc: Span | undefined;
  id: Span | undefined;
  method: Span | undefined;
  params: Span | undefined;
  result: Span | undefined;
  error: Span | undefined;
}

export interface Scan {
  /** Colons outside strings: the members of all objects of the line, duplicates counted each time. */
  readonly colons: number;
  /** Objects and arrays in the line. */
  readonly containers: number;
  /** Levels of nesting: 1 for `{}`, 0 for a scalar. */
  readonly depth: number;
  /** Of a line that is one object: its members. All undefined for anything else. */
  readonly members: EnvelopeSpans;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Scans any bytes without failing, in time linear to them. INVARIANT: what it says is exact for a line that `JSON.parse`
 * accepts; for anything else it only bounds the work that parsing would be.
 *
 * One long loop over bytes, without closures, because it runs over all that passes: a byte costs a third of a
 * `charCodeAt`, and local variables stay in registers.
 */
export function scan(bytes: Buffer): Scan {
  const members: EnvelopeSpans = {
    jsonrpc: undefined,
    id: undefined,
    method: undefined,
    params: undefined,
    result: undefined,
    error: undefined,
  };
  const length = bytes.length;
  let colons = 0;
  let containers = 0;
  let depth = 0;
  let deepest = 0;
  let keyOpen = -1;
  let keyClose = -1;
  // Where the open top-level value begins; -1 while there is none.
  let valueFrom = -1;

  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const close = findStringEndInBytes(bytes, at);
      if (depth === 1 && valueFrom === -1) {
        keyOpen = at;
        keyClose = close;
      }
      at = close;
    } else if (byte === COLON) {
      colons++;
      if (depth === 1) valueFrom = at + 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      containers++;
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 1 && valueFrom !== -1) {
        const name = nameMember(bytes, keyOpen, keyClose);
        if (name !== undefined) setMember(members, name, trimSpan(bytes, valueFrom, at));
        valueFrom = -1;
      }
      if (byte !== COMMA) depth--;
    }
  }
  return { colons, containers, depth: deepest, members };
}

/**
 * The elements of a line that `JSON.parse` accepted as an array, in bytes. At most `limit`: undefined where there are
 * more.
 */
export function scanElements(bytes: Buffer, limit: number): readonly Span[] | undefined {
  const elements: Span[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = findStringEndInBytes(bytes, at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
      if (depth === 1) from = at + 1;
    } else if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 1) {
        const span = trimSpan(bytes, from, at);
        if (span.start < span.end) elements.push(span);
        if (elements.length > limit) return undefined;
        from = at + 1;
      }
      if (byte !== COMMA) depth--;
    }
  }
  return elements;
}

/** The span without the JSON white space at its ends. */
function trimSpan(bytes: Buffer, from: number, to: number): Span {
  let start = from;
  let end = to;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return { start, end };
}

/** Which of the six names the key between the two quotes is, escapes undone. */
function nameMember(bytes: Buffer, open: number, close: number): keyof EnvelopeSpans | undefined {
  if (open === -1) return undefined;
  const length = close - open - 1;
  if (length === 2 && spells(bytes, open + 1, 'id')) return 'id';
  if (length === 5 && spells(bytes, open + 1, 'error')) return 'error';
  if (length === 6) {
    if (spells(bytes, open + 1, 'method')) return 'method';
    if (spells(bytes, open + 1, 'params')) return 'params';
    if (spells(bytes, open + 1, 'result')) return 'result';
  }
  if (length === 7 && spells(bytes, open + 1, 'jsonrpc')) return 'jsonrpc';
  for (let at = open + 1; at < close; at++) {
    if (bytes[at] === BACKSLASH) return pickName(decodeLiteral(bytes.toString('utf8', open + 1, close)));
  }
  return undefined;
}

/** Compares without making a string: this runs four times a line. */
function spells(bytes: Buffer, from: number, word: string): boolean {
  for (let at = 0; at < word.length; at++) {
    if (bytes[from + at] !== word.charCodeAt(at)) return false;
  }
  return true;
}

function pickName(key: string | undefined): keyof EnvelopeSpans | undefined {
  switch (key) {
    case 'jsonrpc':
    case 'id':
    case 'method':
    case 'params':
    case 'result':
    case 'error':
      return key;
    default:
      return undefined;
  }
}

/** Sets one member by its name: a computed key would cost more than the rest of the line. */
function setMember(members: EnvelopeSpans, name: keyof EnvelopeSpans, span: Span): void {
  if (name === 'id') members.id = span;
  else if (name === 'method') members.method = span;
  else if (name === 'params') members.params = span;
  else if (name === 'result') members.result = span;
  else if (name === 'error') members.error = span;
  else members.jsonrpc = span;
}
