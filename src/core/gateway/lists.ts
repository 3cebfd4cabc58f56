// Merges the lists of the servers into one, in the order of the config: names under their prefixes, everything else byte for byte.
// A server that is away is left out. Knows no policy: what a server's session has taken out does not come here.
import { isJsonObject, type Json, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import { resultLine } from '../../wire/reply.ts';
import { elementSpans, replaceId, spliceText, valueSpan } from '../../wire/splice.ts';
import type { ListName } from '../interceptor.ts';
import type { ChangedLists } from './changed-lists.ts';
import { mayGoOn, type Places, readCursor, writeCursor } from './cursors.ts';
import { isWellFormed } from './entry-shape.ts';
import type { Answers, FanOuts } from './fan-outs.ts';
import { shapedTtl } from './greeting-shape.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { isAnsweredFor, keepLate, noteInTime, takeLate } from './late-lists.ts';
import { NameReport } from './name-report.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { Prefixes } from './prefixes.ts';
import { NOBODY, type Refusals, unknownCursor, unknownMethod } from './refusals.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings, ListKind } from './settings.ts';
import { outerTaskId } from './task-ids.ts';

const KINDS: ReadonlyMap<string, ListKind> = new Map<string, ListKind>([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['tasks/list', 'tasks'],
]);

export interface ListParts {
  readonly settings: GatewaySettings;
  readonly outbox: Outbox;
  readonly requests: OpenRequests;
  readonly lanes: Lanes;
  readonly fans: FanOuts;
  readonly prefixes: Prefixes;
  readonly refusals: Refusals;
  readonly routes: ResourceRoutes;
  readonly changed: ChangedLists;
  /** The client was told that there are such lists. */
  readonly announces: (capability: string) => boolean;
}

export class Lists {
  readonly #parts: ListParts;
  readonly #report: NameReport;

  constructor(parts: ListParts) {
    this.#parts = parts;
    this.#report = new NameReport(parts.outbox);
  }

  static kindOf(method: string): ListKind | undefined {
    return KINDS.get(method);
  }

  onRequest(kind: ListKind, open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, refusals, fans, settings } = this.#parts;
    const capability = kind === 'resourceTemplates' ? 'resources' : kind;
    const able = lanes.all.filter((lane) => lane.offers(capability));
    // what was announced is there, if only empty
    if (able.length === 0 && lanes.all.length > 0 && !this.#parts.announces(capability)) {
      refusals.refuse(open, line, NOBODY, unknownMethod(open.method));
      return;
    }
    const cursor = stringAt(line.message.params, 'cursor');
    const from = cursor === undefined ? undefined : readCursor(cursor, kind, settings.seal);
    const places = from?.places;
    if (cursor !== undefined && from === undefined) {
      refusals.refuse(open, line, NOBODY, unknownCursor());
      return;
    }
    const isFirst = places === undefined;
    const asked = able.filter((lane) => isAsked(lane, kind, places) && !(isFirst && isAnsweredFor(lane, kind)));
    const to = asked.map((lane) => {
      const inner = places?.get(lane.id);
      return { lane, changes: inner === undefined ? [] : [{ path: ['params', 'cursor'] as const, value: inner }] };
    });
    const kept = isFirst ? able.filter((lane) => isKept(lane, kind)) : [];
    const absent = lanes.all.filter(({ state }) => state !== 'up');
    fans.start({
      open,
      line,
      to,
      ...{ owed: kind, keepsLate: isFirst },
      onForgone: () => this.#noteMissed(kind, absent, new Map()),
      onDone: (answers) => {
        this.#merge(kind, open, answers, kept, from?.page ?? 0);
        this.#noteMissed(kind, absent, answers);
      },
    });
  }

  /** A server that nobody waited for any more has answered. */
  onLate(lane: Lane, kind: ListKind, line: Line<ResponseMessage> | undefined): void {
    const list = listOf(kind);
    if (line === undefined || this.#parts.lanes.find(lane.id) !== lane || !keepLate(lane, kind, line)) return;
    if (list !== undefined) this.#parts.changed.noteList(list);
  }

  /** What has come or gone while a list was asked for: it is not in it, or is still. */
  #noteMissed(kind: ListKind, absent: readonly Lane[], answers: Answers): void {
    const { lanes, changed } = this.#parts;
    if (kind !== listOf(kind)) return;
    for (const lane of lanes.all) {
      if (answers.has(lane)) {
        if (lane.state === 'away' || lane.state === 'down') changed.left(lane);
      } else if (absent.includes(lane) && lane.state === 'up' && !lane.owes.has(kind))
        changed.came(lane, (list) => list !== kind);
    }
  }

  #merge(kind: ListKind, open: OpenRequest, answers: Answers, kept: readonly Lane[], page: number): void {
    const isFirst = page === 0;
    const { lanes, requests, settings } = this.#parts;
    const entries: string[] = [];
    const places = new Map<string, string>();
    let error: Line<ResponseMessage> | undefined;
    let ttlMs = Number.POSITIVE_INFINITY;
    for (const lane of lanes.all) {
      const answer = answers.get(lane);
      const line = answer ?? (isFirst ? takeLate(lane, kind) : undefined);
      if (line === undefined) {
        if (isFirst) note(lane, kind, kept.includes(lane) ? (lane.lists.get(kind) ?? []) : []);
        if (kept.includes(lane)) for (const entry of lane.lists.get(kind) ?? []) entries.push(entry);
        continue;
      }
      const { result } = line.message;
      if (!isJsonObject(result)) {
        error ??= line;
        continue;
      }
      const own = this.#entriesOf(kind, lane, line);
      if (answer !== undefined && isFirst) noteInTime(lane, kind, answer);
      if (isFirst || own.length > 0) note(lane, kind, own);
      for (const entry of own) entries.push(entry);
      const next = stringAt(result, 'nextCursor');
      if (next !== undefined && !mayGoOn(next, page)) this.#report.endless(lane, kind);
      else if (next !== undefined) places.set(lane.id, next);
      else if (isFirst && Number.isFinite(lane.settings.idleStopMs)) lane.lists.set(kind, own);
      if (next !== undefined) lane.lists.delete(kind);
      ttlMs = Math.min(ttlMs, shapedTtl(result.ttlMs));
    }
    if (error !== undefined && entries.length === 0 && answers.size === 1) {
      requests.reply(open, replaceId(error, open.id));
      return;
    }
    const isWhole = lanes.all.every(
      (lane) => answers.has(lane) || lane.state === 'idle' || lane.settings.refusal !== undefined,
    );
    const next =
      places.size === 0
        ? ''
        : `,"nextCursor":${JSON.stringify(writeCursor(kind, { places, page: page + 1 }, settings.seal))}`;
    // a list that somebody is missing from is stale at once
    const hints = `,"resultType":"complete","ttlMs":${isWhole && Number.isFinite(ttlMs) ? ttlMs : 0},"cacheScope":"private"`;
    const result = `{${JSON.stringify(kind)}:[${entries.join(',')}]${next}${open.modern ? hints : ''}}`;
    requests.reply(open, resultLine(open.id, result));
  }

  #entriesOf(kind: ListKind, lane: Lane, { text, message }: Line<ResponseMessage>): readonly string[] {
    const span = valueSpan(text, ['result', kind]);
    const list = isJsonObject(message.result) ? message.result[kind] : undefined;
    if (span === undefined || !Array.isArray(list)) return [];
    this.#report.begin(kind);
    const entries = elementSpans(text, span).flatMap(({ start, end }, at) => {
      const shown = this.#entryOf(kind, lane, text.slice(start, end), list[at]);
      return shown === undefined ? [] : [shown];
    });
    this.#report.end(lane);
    return entries;
  }

  /** Undefined where it is left out: what is shown under a name is what is called under it. */
  #entryOf(kind: ListKind, lane: Lane, text: string, value: Json | undefined): string | undefined {
    if (!isJsonObject(value) || !isWellFormed(kind, value)) return this.#report.misshapen(lane);
    const { prefixes, routes } = this.#parts;
    if (kind === 'tools' || kind === 'prompts') {
      const name = stringAt(value, 'name');
      if (name === undefined) return undefined;
      const outer = prefixes.outer(lane.id, name);
      const taken = prefixes.takenBy(lane.id, name);
      if (taken !== undefined) return this.#report.collision(lane, taken, outer);
      this.#report.length(kind, outer);
      return outer === name ? text : withMember(text, 'name', outer);
    }
    if (kind === 'tasks') {
      const taskId = stringAt(value, 'taskId');
      return taskId === undefined ? undefined : withMember(text, 'taskId', outerTaskId(lane.id, taskId));
    }
    const uri = stringAt(value, kind === 'resources' ? 'uri' : 'uriTemplate');
    if (uri === undefined) return undefined;
    const isOwn = kind === 'resources' ? routes.learn(lane, uri) : routes.learnTemplate(lane, uri);
    return isOwn
      ? text
      : this.#report.collision(lane, (kind === 'resources' ? routes.of(uri) : routes.ofTemplate(uri))?.id ?? '', uri);
  }
}

/** What the client has seen of it now. */
function note(lane: Lane, kind: ListKind, entries: readonly string[]): void {
  if (kind === listOf(kind)) lane.shown.set(kind, entries.length > 0);
}

/** The one that `list_changed` is said of. */
function listOf(kind: ListKind): ListName | undefined {
  if (kind === 'tasks') return undefined;
  return kind === 'resourceTemplates' ? 'resources' : kind;
}

function isAsked(lane: Lane, kind: ListKind, places: Places | undefined): boolean {
  if (places !== undefined && !places.has(lane.id)) return false;
  if (lane.owes.has(kind) || lane.isLate || lane.state === 'down' || lane.state === 'away') return false;
  return !(places === undefined && isKept(lane, kind));
}

/** It is stopped, and what it listed last is here. */
function isKept({ state, lists }: Lane, kind: ListKind): boolean {
  return (state === 'idle' || state === 'stopping') && lists.has(kind);
}

function withMember(text: string, key: string, value: string): string {
  const span = valueSpan(text, [key]);
  return span === undefined ? text : spliceText(text, [{ span, replacement: JSON.stringify(value) }]);
}
