// Where an object of a line names a key twice: exact and slow, asked only when the counts say that one does.
import { type Below, ENVELOPE, NAMELESS, type Shape } from './policed-objects.ts';
import { UNPINNED_KEYS } from './protocol-keys.ts';
import { decodeString, findStringEnd } from './string-literal.ts';

/** What the guard reads in an object. `payload`: nothing, it only passes it on. `pinned`: everything, however deep. */
type Place = Shape | Below | 'pinned' | 'payload';

interface Frame {
  /** INVARIANT: of a list, what its elements are. */
  readonly place: Place;
  /** Keys so far; undefined for an array and in payload, where nobody asks. */
  readonly keys: Set<string> | undefined;
  /** The member being read, once its colon was seen. */
  key: string | undefined;
}

/**
 * The first key that an object named twice which the guard reads (policed-objects.ts), and of tools all that is pinned: what two readers
 * read differently cannot be approved. Undefined where all duplicates are in opaque payload.
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
  if (parent === undefined) return ENVELOPE;
  const { place, key, keys } = parent;
  if (place === 'payload' || place === 'pinned') return place;
  // an entry of a list or table, or an element of a list that stands where an object is meant
  if ('holds' in place) return place.shape;
  if (keys === undefined) return place;
  const member = key === undefined ? undefined : place.members.get(key);
  if (typeof member === 'object') return member.holds === 'each' ? member : member.shape;
  if (place.rest === 'table') return NAMELESS;
  return place.rest === 'pinned' && key !== undefined && !UNPINNED_KEYS.has(key) ? 'pinned' : 'payload';
}
