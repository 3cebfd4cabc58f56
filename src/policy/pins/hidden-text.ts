// Finds text in a definition that a person does not see and a model reads: control, bidi, zero-width and tag characters. Pure;
// decides nothing. attacker-controlled.
import { showInert } from '../../wire/inert-text.ts';
import type { Json } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';

export interface HiddenText {
  /** Where: `description`, `inputSchema/properties/path/description`. Inert, bounded. */
  readonly path: string;
  /** The text around, made visible. */
  readonly shown: string;
}

const MOST_FOUND = 20;
const LEAD = 20;
const WIDTH = 80;
const LONGEST_PATH = 160;

/** In strings and keys, at most 20. Line breaks and tabs are ordinary in a description. */
export function findHiddenText(value: Json, path = ''): readonly HiddenText[] {
  const found: HiddenText[] = [];
  const look = (text: string, at: string): void => {
    const index = firstHidden(text);
    if (index === -1 || found.length >= MOST_FOUND) return;
    const from = Math.max(0, index - LEAD);
    found.push({ path: showInert(at.slice(0, LONGEST_PATH)), shown: showInert(text.slice(from, from + WIDTH)) });
  };
  const walk = (item: Json | undefined, at: string): void => {
    if (item === undefined || found.length >= MOST_FOUND) return;
    if (typeof item === 'string') look(item, at);
    else if (Array.isArray(item)) for (const [index, one] of item.entries()) walk(one, `${at}/${index}`);
    else if (isJsonObject(item)) {
      for (const key of Object.keys(item)) {
        const below = at === '' ? key : `${at}/${key}`;
        look(key, below);
        walk(item[key], below);
      }
    }
  };
  walk(value, path);
  return found;
}

function firstHidden(text: string): number {
  // most text is all printable ASCII and line breaks
  if (/^[\x20-\x7e\n\r\t]*$/.test(text)) return -1;
  let at = 0;
  for (const char of text) {
    if (char !== '\n' && char !== '\r' && char !== '\t' && showInert(char) !== char) return at;
    at += char.length;
  }
  return -1;
}
