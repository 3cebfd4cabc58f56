// Merges the lists of the servers into one, in the order of the config. A server that is away is left out. Knows no entry (list-entries.ts),
// and no policy: what a server's session has taken out does not come here.
import { isJsonObject, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import { resultLine } from '../../wire/reply.ts';
import { replaceId } from '../../wire/splice.ts';
import type { ChangedLists } from './changed-lists.ts';
import { mayGoOn, type Places, readCursor, writeCursor } from './cursors.ts';
import type { Answers, FanOuts } from './fan-outs.ts';
import { shapedTtl } from './greeting-shape.ts';
import { isKept } from './kept-lists.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { isAnsweredFor, keepLate, noteInTime, takeLate } from './late-lists.ts';
import { ListEntries } from './list-entries.ts';
import { isTakenOut, kindOf, listOf } from './list-kinds.ts';
import { NameReport } from './name-report.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { Prefixes } from './prefixes.ts';
import { NOBODY, type Refusals, unknownCursor, unknownMethod } from './refusals.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import type { GatewaySettings, ListKind } from './settings.ts';

/** What has come for one page. */
interface Gathered {
  readonly answers: Answers;
  /** Those whose policy is another one since they have answered. */
  readonly stale: ReadonlySet<Lane>;
  /** Those that were not asked, since they are stopped and their lists are here. */
  readonly kept: readonly Lane[];
  /** 0 for the first one. */
  readonly page: number;
}

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
  readonly #entries: ListEntries;

  constructor(parts: ListParts) {
    this.#parts = parts;
    this.#report = new NameReport(parts.outbox);
    this.#entries = new ListEntries(parts, this.#report);
  }

  static kindOf(method: string): ListKind | undefined {
    return kindOf(method);
  }

  onRequest(kind: ListKind, open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, refusals, fans, settings } = this.#parts;
    const capability = kind === 'resourceTemplates' ? 'resources' : kind;
    const able = lanes.all.filter((lane) => lane.offers(capability));
    // what was announced is there, if only empty
    const isThere = this.#parts.announces(capability) || isTakenOut(kind, lanes.all, settings);
    if (able.length === 0 && lanes.all.length > 0 && !isThere) {
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
    const generations = new Map(kept.map((lane) => [lane, lane.generation]));
    const absent = lanes.all.filter(({ state }) => state !== 'up');
    fans.start({
      open,
      line,
      to,
      ...{ owed: kind, keepsLate: isFirst },
      onForgone: () => this.#noteMissed(kind, absent, new Map()),
      onDone: (answers, stale) => {
        this.#merge(kind, open, { answers, stale, kept, page: from?.page ?? 0 });
        // what the policy of now lets through in addition comes with the next asking
        const list = listOf(kind);
        const isOther = stale.size > 0 || kept.some((lane) => lane.generation !== generations.get(lane));
        if (isOther && list !== undefined) this.#parts.changed.noteList(list);
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

  #merge(kind: ListKind, open: OpenRequest, { answers, stale, kept, page }: Gathered): void {
    const isFirst = page === 0;
    const { lanes, requests, settings } = this.#parts;
    const entries: string[] = [];
    const places = new Map<string, string>();
    let error: Line<ResponseMessage> | undefined;
    let ttlMs = Number.POSITIVE_INFINITY;
    for (const lane of lanes.all) {
      if (lane.settings.refusal !== undefined) {
        // INVARIANT: what must not run is in no list, whatever it has said before
        if (isFirst) note(lane, kind, []);
        continue;
      }
      const answer = answers.get(lane);
      const line = answer ?? (isFirst ? takeLate(lane, kind) : undefined);
      if (line === undefined) {
        const remembered = kept.includes(lane) ? (lane.lists.get(kind) ?? []) : [];
        const shown = this.#entries.show(kind, lane, this.#entries.allowed(kind, lane, remembered));
        if (isFirst) note(lane, kind, shown);
        for (const entry of shown) entries.push(entry);
        continue;
      }
      const { result } = line.message;
      if (!isJsonObject(result)) {
        error ??= line;
        continue;
      }
      const isStale = stale.has(lane);
      const all = this.#entries.of(kind, lane, line);
      const said = isStale ? this.#entries.allowed(kind, lane, all) : all;
      const own = this.#entries.show(kind, lane, said);
      if (answer !== undefined && isFirst && !isStale) noteInTime(lane, kind, answer);
      if (isFirst || own.length > 0) note(lane, kind, own);
      for (const entry of own) entries.push(entry);
      const next = stringAt(result, 'nextCursor');
      if (next !== undefined && !mayGoOn(next, page)) this.#report.endless(lane, kind);
      else if (next !== undefined) places.set(lane.id, next);
      else if (isFirst && Number.isFinite(lane.settings.idleStopMs)) lane.lists.set(kind, said);
      if (next !== undefined || isStale) lane.lists.delete(kind);
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
}

/** What the client has seen of it now. */
function note(lane: Lane, kind: ListKind, entries: readonly string[]): void {
  if (kind === listOf(kind)) lane.shown.set(kind, entries.length > 0);
}

function isAsked(lane: Lane, kind: ListKind, places: Places | undefined): boolean {
  if (places !== undefined && !places.has(lane.id)) return false;
  if (lane.owes.has(kind) || lane.isLate || lane.state === 'down' || lane.state === 'away') return false;
  return !(places === undefined && isKept(lane, kind));
}
