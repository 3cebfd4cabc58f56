// Takes tools that are switched off out of `tools/list`, where a config asks for it, and says when that list has changed. Legacy
// sessions only: lists of 2026-07-28 must not vary as a side effect. Decides nothing about calls.
import type { ChangedList, Interceptor, Narrowing, RequestView } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';

/** A tool that would be refused now, whoever asks. */
export interface RefusedTool {
  readonly tool: string;
  /** What is left of that; undefined: until a person switches it on. */
  readonly forMs: number | undefined;
}

export interface HideParts {
  /** The servers of which tools may be hidden; asked each time, since another policy may say otherwise. */
  readonly servers: { includes(server: string): boolean };
  /** Those tools that are to be hidden now. */
  hidden(server: string, now: Instant): readonly RefusedTool[];
}

/** How soon the openings and orders of other guards are seen. */
const LOOK_EVERY_MS = 500;
const NOTHING: readonly ChangedList[] = [];
const ALL_SHOWN = JSON.stringify([]);

export class Hide implements Interceptor {
  readonly name = 'hide';
  readonly #parts: HideParts;
  /** By server: what the client was last shown, or told of. Undefined before its first list. */
  readonly #shown = new Map<string, string>();
  #lookAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: HideParts) {
    this.#parts = parts;
  }

  get wakeAtMs(): number {
    return this.#lookAtMs;
  }

  onResponse(request: RequestView, result: JsonObject, now: Instant): readonly Narrowing[] | undefined {
    const { method, modern, upstream } = request;
    if (method !== 'tools/list' || modern) return undefined;
    if (!this.#parts.servers.includes(upstream)) {
      // nothing is looked at: only that the client has a list, should another policy hide something of it
      this.#shown.set(upstream, ALL_SHOWN);
      return undefined;
    }
    const { tools } = result;
    if (!Array.isArray(tools)) return undefined;
    const out = this.#look(upstream, now);
    this.#lookAtMs = Math.min(this.#lookAtMs, now.monoMs + LOOK_EVERY_MS);
    const indexes = tools.flatMap((tool, index) => (isJsonObject(tool) && out.has(String(tool.name)) ? [index] : []));
    return indexes.length === 0 ? undefined : [{ kind: 'remove', array: ['tools'], indexes }];
  }

  onPolicyChange(now: Instant): void {
    if (this.#shown.size > 0) this.#lookAtMs = Math.min(this.#lookAtMs, now.monoMs);
  }

  takeChangedLists(now: Instant): readonly ChangedList[] {
    if (now.monoMs < this.#lookAtMs) return NOTHING;
    this.#lookAtMs = now.monoMs + LOOK_EVERY_MS;
    return [...this.#shown].flatMap(([server, before]) => {
      this.#look(server, now);
      return this.#shown.get(server) === before ? [] : [{ upstream: server, list: 'tools' as const }];
    });
  }

  #look(server: string, now: Instant): ReadonlySet<string> {
    const hidden = this.#parts.hidden(server, now);
    const names = hidden.map(({ tool }) => tool).sort();
    this.#shown.set(server, JSON.stringify(names));
    // An opening ends by itself: nothing else would say so.
    for (const { forMs } of hidden)
      if (forMs !== undefined) this.#lookAtMs = Math.min(this.#lookAtMs, now.monoMs + forMs);
    return new Set(names);
  }
}
