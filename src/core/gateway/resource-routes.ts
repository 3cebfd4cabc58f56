// Whose a resource is, by its URI, from what the servers have listed and their scopes let through. URIs are never rewritten. Pure and
// bounded, each server by itself: one that lists without end takes no room from another. attacker-controlled: every URI and template.
// TRUST: of two servers that list the same one, the first in the config has it.
import type { Lane } from './lane.ts';
import type { GatewaySettings } from './settings.ts';
import { fits, readTemplate, type UriTemplate } from './uri-template.ts';

/** Of one server. */
const MOST_URIS = 50_000;
const MOST_TEMPLATES = 500;
const MOST_ANSWERED = 1_024;
/** In UTF-16 units: of one URI, and of all of one server. */
const LONGEST_URI = 4_096;
const MOST_UNITS = 8 * 1024 * 1024;

/** What one server has said to have. */
interface Known {
  readonly uris: Set<string>;
  units: number;
  readonly templates: Map<string, UriTemplate>;
  /** It has answered for these, listed by nobody. */
  readonly answered: Set<string>;
}

export class ResourceRoutes {
  readonly #order: readonly Lane[];
  readonly #policies: Pick<GatewaySettings, 'mayShow' | 'hides'>;
  readonly #known = new WeakMap<Lane, Known>();

  /** @param order as in the config @param policies asked each time: another one may hold by now */
  constructor(order: readonly Lane[], policies: Pick<GatewaySettings, 'mayShow' | 'hides'> = {}) {
    this.#order = order;
    this.#policies = policies;
  }

  /** It has listed it. @returns false where another server has it, which comes first */
  learn(lane: Lane, uri: string): boolean {
    const known = this.#knownOf(lane);
    if (uri.length <= LONGEST_URI && !known.uris.has(uri)) {
      known.uris.add(uri);
      known.units += uri.length;
      // the oldest make room
      for (const oldest of known.uris) {
        if (known.uris.size <= MOST_URIS && known.units <= MOST_UNITS) break;
        known.uris.delete(oldest);
        known.units -= oldest.length;
      }
    }
    const owner = this.#find(({ uris }, one) => uris.has(uri) && (one === lane || this.#passes(one, uri)));
    return owner === undefined || owner === lane;
  }

  learnTemplate(lane: Lane, text: string): boolean {
    const { templates } = this.#knownOf(lane);
    if (!templates.has(text) && templates.size < MOST_TEMPLATES) {
      const template = readTemplate(text);
      if (template !== undefined) templates.set(text, template);
    }
    const owner = this.#find(({ templates: all }, one) => all.has(text) && (one === lane || this.#passes(one, text)));
    return owner === undefined || owner === lane;
  }

  /** It has answered for one that nobody lists. INVARIANT: whatever is listed later outranks that. */
  learnAnswered(lane: Lane, uri: string): void {
    if (uri.length > LONGEST_URI) return;
    keepNewest(this.#knownOf(lane).answered, uri);
  }

  /** It has left. */
  forget(lane: Lane): void {
    this.#known.delete(lane);
  }

  ofTemplate(text: string): Lane | undefined {
    return this.#find(({ templates }, lane) => templates.has(text) && this.#passes(lane, text));
  }

  /**
   * The one that listed it, else the one whose template says most of it, both where its scope lets it through; else the one that
   * answered for it, else the one that listed it and whose scope hides it. INVARIANT: no other server is asked for what one hides.
   */
  of(uri: string): Lane | undefined {
    return (
      this.#find(({ uris }, lane) => uris.has(uri) && this.#passes(lane, uri)) ??
      this.#ofBestTemplate(uri) ??
      this.#find(({ answered }) => answered.has(uri)) ??
      this.#order.find((lane) => this.hides(lane, uri))
    );
  }

  /** It has listed it, or a template for it, and its scope does not show it. */
  hides({ id }: Lane, uri: string): boolean {
    return this.#policies.hides?.(id, uri) === true;
  }

  #passes({ id }: Lane, uri: string): boolean {
    return this.#policies.mayShow?.(id, 'resource', uri) !== false;
  }

  #ofBestTemplate(uri: string): Lane | undefined {
    let best: Lane | undefined;
    let length = 0;
    for (const lane of this.#order) {
      for (const template of this.#known.get(lane)?.templates.values() ?? []) {
        // the first in the config has what two say equally much of
        if (template.length <= length || !fits(template, uri) || !this.#passes(lane, uri)) continue;
        best = lane;
        length = template.length;
      }
    }
    return best;
  }

  #find(has: (known: Known, lane: Lane) => boolean): Lane | undefined {
    return this.#order.find((lane) => {
      const known = this.#known.get(lane);
      return known !== undefined && has(known, lane);
    });
  }

  #knownOf(lane: Lane): Known {
    let known = this.#known.get(lane);
    if (known === undefined) {
      known = { uris: new Set(), units: 0, templates: new Map(), answered: new Set() };
      this.#known.set(lane, known);
    }
    return known;
  }
}

/** The oldest makes room. */
function keepNewest(kept: Set<string>, one: string): void {
  const oldest = kept.keys().next();
  if (kept.size >= MOST_ANSWERED && !kept.has(one) && oldest.done !== true) kept.delete(oldest.value);
  kept.add(one);
}
