// The one answer to `initialize` and `server/discover` that stands for all servers: capabilities united, versions intersected,
// instructions under headings. The seam for a bridge between the eras is here: today servers of both are refused together.
import type { JsonObject } from '../../wire/json.ts';
import { isJsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import { errorLine, INTERNAL_ERROR, METHOD_NOT_FOUND, resultLine } from '../../wire/reply.ts';
import { replaceId } from '../../wire/splice.ts';
import { LIST_NAMES } from '../interceptor.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Answers, FanOuts } from './fan-outs.ts';
import { LEGACY, shapedDiscovery, shapedTtl } from './greeting-shape.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import { readResponse } from './read-response.ts';
import type { GatewaySettings, LaneSettings } from './settings.ts';
import { uniteCapabilities, uniteInstructions } from './unite.ts';
import { learnCapabilities } from './withheld-lists.ts';

/** What the guard itself does for its client: it tells of a changed policy, and of a server that is down. */
const OWN: JsonObject = { logging: {} };

export interface GreetingParts {
  readonly settings: GatewaySettings;
  readonly outbox: Outbox;
  readonly requests: OpenRequests;
  readonly lanes: Lanes;
  readonly fans: FanOuts;
  readonly client: ClientMemory;
  /** The client has its answer, and may hear of other things. */
  readonly onGreeted: () => void;
}

interface Greeting {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  /** Monotonic ms until which each is waited for. */
  readonly missing: Map<Lane, number>;
  readonly results: Map<Lane, JsonObject>;
  /** Of a server that is up and did not accept it. */
  refusal: Buffer | undefined;
}

export class Greetings {
  readonly #parts: GreetingParts;
  #greeting: Greeting | undefined;
  #announced: JsonObject = {};

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  /** What the client was told that there is. */
  announces(capability: string): boolean {
    return objectAt(this.#announced, capability) !== undefined;
  }

  get isWaiting(): boolean {
    return this.#greeting !== undefined;
  }

  get wakeAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#greeting?.missing.values() ?? []) atMs = Math.min(atMs, dueMs);
    return atMs;
  }

  initialize(open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, outbox } = this.#parts;
    const greeting: Greeting = { open, line, missing: new Map(), results: new Map(), refusal: undefined };
    this.#greeting = greeting;
    open.onForgone = () => {
      this.#greeting = undefined;
    };
    const greeted = lanes.all.filter(({ state }) => state === 'starting' || state === 'up');
    for (const lane of greeted) greeting.missing.set(lane, outbox.now.monoMs + lane.settings.startTimeoutMs);
    for (const lane of greeted) lanes.greet(lane, open);
    this.#answerIfDone();
  }

  /** A server's greeting came to its end; undefined: it did not accept it, or has ended. */
  onLane(lane: Lane, result: JsonObject | undefined, answer: Buffer | undefined): void {
    const greeting = this.#greeting;
    if (greeting?.missing.delete(lane) !== true) {
      if (result !== undefined) this.#warnOfUnannounced(lane, result);
      return;
    }
    lane.isIntroduced = result !== undefined;
    if (result !== undefined) greeting.results.set(lane, result);
    else if (lane.state === 'up') greeting.refusal ??= answer;
    this.#answerIfDone();
  }

  onTick(): void {
    const greeting = this.#greeting;
    if (greeting === undefined) return;
    for (const [lane, dueMs] of [...greeting.missing]) {
      if (dueMs > this.#parts.outbox.now.monoMs) continue;
      greeting.missing.delete(lane);
      lane.isLate = true;
      this.#parts.outbox.log(
        'warn',
        `\`${lane.id}\` is not up after ${lane.settings.startTimeoutMs} ms: the client starts without it, and is told when it is there`,
      );
    }
    this.#answerIfDone();
  }

  #answerIfDone(): void {
    const greeting = this.#greeting;
    if (greeting === undefined || greeting.missing.size > 0) return;
    this.#greeting = undefined;
    const { requests, client, lanes } = this.#parts;
    const { open, line, results, refusal } = greeting;
    open.onForgone = undefined;
    if (results.size === 0 && refusal !== undefined) {
      const answer = readResponse(refusal, this.#parts.settings.read);
      if (answer !== undefined) requests.reply(open, replaceId(answer, open.id));
      return;
    }
    if (results.size === 0 && lanes.all.every(({ state }) => state === 'down' || state === 'away')) {
      const why = lanes.all
        .map((lane) => `\`${lane.id}\`: ${lane.why || 'it has ended, and is started again'}`)
        .join('; ');
      requests.reply(
        open,
        errorLine(open.id, INTERNAL_ERROR, `no server is running: ${why}`, { reason: 'server_down' }),
      );
      return;
    }
    const merged = this.#merge(results, OWN);
    const version =
      lowestVersion([...results.values()]) ?? legacyVersion(stringAt(line.message.params, 'protocolVersion'));
    const result = JSON.stringify({ protocolVersion: version, ...merged, serverInfo: this.#parts.settings.serverInfo });
    requests.reply(open, resultLine(open.id, result));
    client.isGreeted = true;
    this.#parts.onGreeted();
  }

  #merge(results: ReadonlyMap<Lane, JsonObject>, own: JsonObject): { capabilities: JsonObject; instructions?: string } {
    const { lanes } = this.#parts;
    const all = lanes.all.flatMap((lane) => {
      const result = results.get(lane);
      return result === undefined ? [] : [{ lane: lane.id, result }];
    });
    const late = lanes.all.filter((lane) => !results.has(lane) && lane.settings.refusal === undefined);
    const capabilities = uniteCapabilities([
      own,
      ...all.map(({ result }) => objectAt(result, 'capabilities') ?? {}),
      ...late.map(({ settings }) => Object.fromEntries(expectedOf(settings).map((kind) => [kind, {}]))),
    ]);
    this.#announced = capabilities;
    const instructions = uniteInstructions(all);
    return instructions === undefined ? { capabilities } : { capabilities, instructions };
  }

  #warnOfUnannounced(lane: Lane, result: JsonObject): void {
    const missed = ['tools', 'prompts', 'resources', 'completions', 'logging'].filter(
      (kind) => objectAt(objectAt(result, 'capabilities'), kind) !== undefined && !this.announces(kind),
    );
    if (missed.length > 0)
      this.#parts.outbox.log(
        'warn',
        `\`${lane.id}\` has ${missed.join(', ')}, which the client was not told of at its greeting: ${lane.settings.start === 'on-demand' ? 'with `start: eager`' : 'once it is up in time,'} a new session has them`,
      );
  }

  /** 2026-07-28: no handshake; the answer may be cached, and says so. */
  discover(open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, fans } = this.#parts;
    const to = lanes.all
      .filter(({ state }) => state === 'starting' || state === 'up' || state === 'away')
      .map((lane) => ({ lane, changes: [] }));
    fans.start({ open, line, to, isProbe: true, onDone: (answers) => this.#onDiscovered(open, answers) });
  }

  #onDiscovered(open: OpenRequest, answers: Answers): void {
    const { requests, settings } = this.#parts;
    const results = new Map<Lane, JsonObject>();
    const legacy: string[] = [];
    let first: Buffer | undefined;
    for (const [lane, line] of answers) {
      const { result } = line.message;
      if (isJsonObject(result)) {
        const shaped = shapedDiscovery(result);
        if (shaped !== undefined) results.set(lane, shaped);
        else
          this.#parts.outbox.log(
            'warn',
            `\`${lane.id}\` is left out of \`server/discover\`: it names no revision that mcp-guard knows`,
          );
      } else {
        legacy.push(lane.id);
        first ??= replaceId(line, open.id);
      }
    }
    if (legacy.length > 0 || results.size === 0) {
      const names = legacy.map((id) => `\`${id}\``).join(', ');
      const why = `these servers do not speak 2026-07-28: ${names}; all of a gateway have to (a client that greets with \`initialize\` can use them)`;
      const mixed = () => errorLine(open.id, METHOD_NOT_FOUND, `mixed eras: ${why}`, { reason: 'mixed_eras' });
      if (results.size > 0) this.#parts.outbox.log('warn', `mixed eras are refused: ${why}`);
      const nobody = () =>
        errorLine(open.id, METHOD_NOT_FOUND, 'Method not found: server/discover', { reason: 'server_down' });
      requests.reply(open, results.size > 0 ? mixed() : (first ?? nobody()));
      return;
    }
    for (const [lane, result] of results) learnCapabilities(lane, result, settings.hidesAll);
    const versions = commonVersions([...results.values()]);
    const ttlMs = Math.min(...[...results.values()].map((one) => shapedTtl(one.ttlMs)));
    const isWhole = this.#parts.lanes.all.every((lane) => results.has(lane));
    const result = JSON.stringify({
      supportedVersions: versions,
      ...this.#merge(results, {}),
      resultType: 'complete',
      ttlMs: isWhole ? ttlMs : 0,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': settings.serverInfo },
    });
    requests.reply(open, resultLine(open.id, result));
  }
}

/** What is announced for one that has not answered. Of one that is not started yet nobody can know. */
function expectedOf({ start, known }: LaneSettings): readonly string[] {
  return start === 'on-demand' ? LIST_NAMES : (known ?? ['tools']);
}

/** Revisions are dates: the oldest that a server has settled on, all can speak. */
function lowestVersion(results: readonly JsonObject[]): string | undefined {
  return results
    .flatMap((result) => stringAt(result, 'protocolVersion') ?? [])
    .sort()
    .at(0);
}

function legacyVersion(asked: string | undefined): string {
  return asked !== undefined && LEGACY.includes(asked) ? asked : (LEGACY[0] ?? '');
}

function commonVersions(results: readonly JsonObject[]): readonly string[] {
  const [first, ...rest] = results.map(({ supportedVersions }) =>
    Array.isArray(supportedVersions) ? supportedVersions.filter((one) => typeof one === 'string') : [],
  );
  return (first ?? []).filter((version) => rest.every((versions) => versions.includes(version)));
}
