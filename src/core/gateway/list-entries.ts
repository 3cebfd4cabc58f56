// The entries of one server's list as the client sees them: names under their prefixes, everything else byte for byte; those that another
// server answers for under the same name or URI are left out and reported. Knows no page and no other list.
import { isJsonObject, type Json, stringAt } from '../../wire/json.ts';
import type { Line, ResponseMessage } from '../../wire/message.ts';
import { elementSpans, spliceText, valueSpan } from '../../wire/splice.ts';
import { isWellFormed } from './entry-shape.ts';
import type { Lane, ListEntry } from './lane.ts';
import { entriesOf } from './list-kinds.ts';
import type { NameReport } from './name-report.ts';
import type { Prefixes } from './prefixes.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings, ListKind } from './settings.ts';
import { outerTaskId } from './task-ids.ts';

interface EntryParts {
  readonly settings: GatewaySettings;
  readonly prefixes: Prefixes;
  readonly routes: ResourceRoutes;
}

export class ListEntries {
  readonly #parts: EntryParts;
  readonly #report: NameReport;

  constructor(parts: EntryParts, report: NameReport) {
    this.#parts = parts;
    this.#report = report;
  }

  /** Those that have the shape of the protocol. attacker-controlled: all of it */
  of(kind: ListKind, lane: Lane, { text, message }: Line<ResponseMessage>): readonly ListEntry[] {
    const span = valueSpan(text, ['result', kind]);
    const list = isJsonObject(message.result) ? message.result[kind] : undefined;
    if (span === undefined || !Array.isArray(list)) return [];
    this.#report.begin(kind);
    return elementSpans(text, span).flatMap(({ start, end }, at) => {
      const value: Json | undefined = list[at];
      if (!isJsonObject(value) || !isWellFormed(kind, value)) return this.#report.misshapen(lane) ?? [];
      const name = stringAt(value, entriesOf(kind).key);
      return name === undefined ? [] : [{ name, text: text.slice(start, end) }];
    });
  }

  /** Of entries that an earlier policy let through those that the one of now does, too. */
  allowed(kind: ListKind, lane: Lane, entries: readonly ListEntry[]): readonly ListEntry[] {
    const { target } = entriesOf(kind);
    const { mayShow } = this.#parts.settings;
    if (target === undefined || mayShow === undefined) return entries;
    return entries.filter(({ name }) => mayShow(lane.id, target, name));
  }

  /** As the client sees them now. */
  show(kind: ListKind, lane: Lane, entries: readonly ListEntry[]): readonly string[] {
    this.#report.begin(kind);
    const shown = entries.flatMap((entry) => this.#showOne(kind, lane, entry) ?? []);
    this.#report.end(lane);
    return shown;
  }

  /** Undefined where it is left out: what is shown under a name is what is called under it. */
  #showOne(kind: ListKind, lane: Lane, { name, text }: ListEntry): string | undefined {
    const { prefixes, routes } = this.#parts;
    if (kind === 'tools' || kind === 'prompts') {
      const outer = prefixes.outer(lane.id, name);
      const taken = prefixes.takenBy(lane.id, name);
      if (taken !== undefined) return this.#report.collision(lane, taken, outer);
      this.#report.length(kind, outer);
      return outer === name ? text : withMember(text, 'name', outer);
    }
    if (kind === 'tasks') return withMember(text, 'taskId', outerTaskId(lane.id, name));
    const isOwn = kind === 'resources' ? routes.learn(lane, name) : routes.learnTemplate(lane, name);
    return isOwn
      ? text
      : this.#report.sharedUri(
          lane,
          (kind === 'resources' ? routes.of(name) : routes.ofTemplate(name))?.id ?? '',
          name,
        );
  }
}

function withMember(text: string, key: string, value: string): string {
  const span = valueSpan(text, [key]);
  return span === undefined ? text : spliceText(text, [{ span, replacement: JSON.stringify(value) }]);
}
