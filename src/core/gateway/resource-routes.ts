// Whose a resource is, by its URI, from what the servers have listed. URIs are never rewritten. Pure and bounded.
// attacker-controlled: every URI and template. TRUST: of two servers that list the same one, the first in the config has it.
import type { Lane } from './lane.ts';

const MOST_URIS = 50_000;
const MOST_TEMPLATES = 2_000;

interface Template {
  readonly lane: Lane;
  /** What stands between its expressions. */
  readonly literals: readonly string[];
}

export class ResourceRoutes {
  readonly #order: readonly Lane[];
  readonly #uris = new Map<string, Lane>();
  readonly #templates = new Map<string, Template>();

  /** @param order as in the config */
  constructor(order: readonly Lane[]) {
    this.#order = order;
  }

  /** @returns false where another server has it, which comes first */
  learn(lane: Lane, uri: string): boolean {
    const known = this.#uris.get(uri);
    if (known === lane) return true;
    if (known !== undefined && this.#order.indexOf(known) < this.#order.indexOf(lane)) return false;
    if (known !== undefined || this.#uris.size < MOST_URIS) this.#uris.set(uri, lane);
    return true;
  }

  learnTemplate(lane: Lane, text: string): boolean {
    const known = this.#templates.get(text);
    if (known?.lane === lane) return true;
    if (known !== undefined && this.#order.indexOf(known.lane) < this.#order.indexOf(lane)) return false;
    if (known === undefined && this.#templates.size >= MOST_TEMPLATES) return true;
    this.#templates.set(text, { lane, literals: text.split(/\{[^{}]*\}/) });
    return true;
  }

  /** It has left. */
  forget(lane: Lane): void {
    for (const [uri, owner] of this.#uris) if (owner === lane) this.#uris.delete(uri);
    for (const [text, template] of this.#templates) if (template.lane === lane) this.#templates.delete(text);
  }

  ofTemplate(text: string): Lane | undefined {
    return this.#templates.get(text)?.lane;
  }

  /** The one that listed it, else the one whose template says most of it. Undefined: nobody is known to have it. */
  of(uri: string): Lane | undefined {
    const listed = this.#uris.get(uri);
    if (listed !== undefined) return listed;
    let best: { lane: Lane; length: number } | undefined;
    for (const { lane, literals } of this.#templates.values()) {
      const length = literals.reduce((sum, one) => sum + one.length, 0);
      const isBetter =
        best === undefined ||
        length > best.length ||
        (length === best.length && this.#order.indexOf(lane) < this.#order.indexOf(best.lane));
      if (isBetter && fits(literals, uri)) best = { lane, length };
    }
    return best?.lane;
  }
}

/** In linear time: each literal in its place, anything between. One that does not name a scheme claims nothing. */
function fits(literals: readonly string[], uri: string): boolean {
  const [first = ''] = literals;
  const last = literals.at(-1) ?? '';
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(first) || !uri.startsWith(first)) return false;
  if (literals.length === 1) return uri === first;
  let at = first.length;
  for (const literal of literals.slice(1, -1)) {
    const found = uri.indexOf(literal, at);
    if (found === -1) return false;
    at = found + literal.length;
  }
  return uri.length - last.length >= at && uri.endsWith(last);
}
