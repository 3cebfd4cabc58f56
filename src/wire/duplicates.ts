// Where an object of a line names a key twice: exact and slow, asked only when the counts say that one does.
import { LIST_KEYS, TABLE_KEYS, UNPINNED_KEYS } from './protocol-keys.ts';
import { decodeString, findStringEnd } from './string-literal.ts';

/** What the guard reads in an object. `payload`: nothing, it only passes it on. `pinned`: everything, however deep. */
type Place = 'envelope' | 'body' | 'table' | 'list' | 'entry' | 'tools' | 'tool' | 'pinned' | 'payload';

interface Frame {
  readonly place: Place;
  /** Keys so far; undefined for an array and in payload, where nobody asks. */
  readonly keys: Set<string> | undefined;
  /** The member being read, once its colon was seen. */
  key: string | undefined;
}

/**
 * The first key that an object named twice which the guard reads: the envelope, `params`, `result`, `error`, the tables in
 * them with their direct entries, the entries of lists, and of tools all that is pinned: what two readers read differently cannot be
 * approved. Undefined where all duplicates are in opaque payload.
 *
 * For text that `JSON.parse` accepted. Time and memory are linear.
 */
export function findGuardedDuplicate(text: string): string | undefined {
  const open: Frame[] = [];
  let frame: Frame | undefined;
  let lastString: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const close = findStringEnd(text, at);
      // Only a string right before a colon is a key; others are decoded in vain, but only scalars in objects.
      if (frame?.keys !== undefined && frame.key === undefined) lastString = decodeString(text, at, close);
      at = close;
    } else if (char === ':') {
      if (frame?.keys === undefined || lastString === undefined) continue;
      if (frame.keys.has(lastString)) return lastString;
      frame.keys.add(lastString);
      frame.key = lastString;
    } else if (char === '{' || char === '[') {
      if (frame !== undefined) open.push(frame);
      const place = placeOf(frame);
      frame = { place, keys: char === '{' && place !== 'payload' ? new Set() : undefined, key: undefined };
    } else if (char === '}' || char === ']') {
      frame = open.pop();
    } else if (char === ',') {
      if (frame !== undefined) frame.key = undefined;
    }
  }
  return undefined;
}

function placeOf(parent: Frame | undefined): Place {
  if (parent === undefined) return 'envelope';
  const key = parent.key;
  switch (parent.place) {
    case 'envelope':
      return key === 'params' || key === 'result' || key === 'error' ? 'body' : 'payload';
    case 'body':
      if (key === undefined) return 'payload';
      if (TABLE_KEYS.has(key)) return 'table';
      if (key === 'tools') return 'tools';
      return LIST_KEYS.some((list) => list === key) ? 'list' : 'payload';
    case 'table':
    case 'list':
      return 'entry';
    case 'tools':
      return 'tool';
    case 'tool':
      return key === undefined || UNPINNED_KEYS.has(key) ? 'payload' : 'pinned';
    case 'pinned':
      return 'pinned';
    default:
      return 'payload';
  }
}
