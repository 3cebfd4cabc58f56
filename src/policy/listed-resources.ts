// Which resources a server has listed in this session, whoever may see them: URIs as marks of one size, and templates. It only grows, so
// that no page that is asked for again makes it forget. Pure and bounded. Knows no scope. attacker-controlled: every URI and template.
import { fits, readTemplate, type UriTemplate } from '../core/gateway/uri-template.ts';

/** Of one server. */
const MOST_URIS = 50_000;
const MOST_TEMPLATES = 500;
/** In UTF-16 units: what a longer template claims is not read, and what a longer URI fits is not worked out. */
const LONGEST_TEMPLATE = 2_048;
const LONGEST_URI = 4_096;

export class ListedResources {
  readonly #marks = new Set<number>();
  readonly #templates = new Map<string, UriTemplate>();
  /** There was more than is remembered: it may have listed anything. */
  #isCut = false;

  noteUri(uri: string): void {
    if (this.#marks.size < MOST_URIS) this.#marks.add(markOf(uri));
    else if (!this.#marks.has(markOf(uri))) this.#isCut = true;
  }

  noteTemplate(text: string): void {
    if (this.#templates.has(text)) return;
    if (text.length > LONGEST_TEMPLATE || this.#templates.size >= MOST_TEMPLATES) {
      this.#isCut = true;
      return;
    }
    // one without a scheme claims nothing, here as where requests are routed; its own text is known all the same
    const template = readTemplate(text);
    if (template === undefined) this.noteUri(text);
    else this.#templates.set(text, template);
  }

  /** @param text a URI, or a template as it was listed. INVARIANT: in doubt it is one of these */
  has(text: string): boolean {
    if (this.#isCut || this.#marks.has(markOf(text)) || this.#templates.has(text)) return true;
    for (const template of this.#templates.values()) {
      if (text.length > LONGEST_URI ? text.startsWith(template.first) : fits(template, text)) return true;
    }
    return false;
  }
}

/**
 * Fifty-three bits of a URI of any length. Two that have the same by chance or by design count as one: whoever lists the one could
 * have listed the other.
 */
function markOf(uri: string): number {
  let [high, low] = [0x2c1b3c6d, 0x297a2d39];
  for (let at = 0; at < uri.length; at += 1) {
    const unit = uri.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    low = Math.imul(low ^ unit, 0xc2b2ae35);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}
