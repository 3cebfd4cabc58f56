// The pins and pauses of one run: what is gone by, what is said and recorded of drift, and what is kept of what a server offers.
// Decides nothing: policy/pins does.
import type { LockPlace } from '../adapters/lock-file.ts';
import { PauseLook, pausesSpec } from '../adapters/pause-look.ts';
import { readSeenPins, rememberSeenPins } from '../adapters/seen-pins.ts';
import type { EventEntry } from '../audit/entry.ts';
import { messageOf } from '../error-text.ts';
import type { CommandOptions } from '../policy/lock/lock-command.ts';
import type { Pause } from '../policy/pause.ts';
import { PauseTimes } from '../policy/pause-times.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import { createPins, type Pins } from '../policy/pins/pins.ts';
import type { SeenSet } from '../policy/pins/seen-set.ts';
import type { Since } from '../policy/pins/watch.ts';
import type { SteadyTime } from '../policy/steady-time.ts';
import type { Clock, Instant } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { JsonObject } from '../wire/json.ts';
import { describeOutOfUse, recordDrift, warnOfDrift } from './drift-note.ts';

export interface RunPinsParts {
  readonly place: LockPlace;
  readonly approved: ReadonlyMap<string, PinSet>;
  /** Under which the definitions of a server are kept (`pin-key.ts`). */
  readonly keyOf: (server: string) => string;
  readonly log: Log;
  readonly clock: Clock;
  /** By which pauses end, as grants do. */
  readonly timeOf: SteadyTime;
  /** The one server of this run; undefined: it is not one of the config's, and nothing of it is pinned. */
  readonly server: { readonly id: string; readonly document: JsonObject; readonly isObserved: boolean } | undefined;
  /** Into the record. May be called while an answer is looked at. */
  readonly note: (name: EventEntry['name'], server: string, detail: EventEntry['detail']) => void;
  /** Behind the commands that a text names. */
  readonly commandOptions: CommandOptions;
}

export interface RunPins {
  readonly interceptor: Pins;
  /** Once, as soon as `note` can be called: a pause that holds already is said and recorded. */
  begin(): void;
  /** Break-glass: what the scope and the pins of the server deny passes now, and is recorded. */
  isPaused(server: string, now: Instant): boolean;
  /** Another policy is in force. */
  policyIs(
    next: Pick<RunPinsParts, 'approved' | 'keyOf'> & { readonly document: JsonObject; readonly isObserved: boolean },
  ): void;
  /** What of its tools is kept out of use now, in words; undefined: nothing. */
  describeOutOfUse(): string | undefined;
  /** Settles once nothing is under way that is kept for the next start. Never rejects. */
  idle(): Promise<void>;
}

export function openRunPins(parts: RunPinsParts): RunPins {
  const { place, log, clock, server, note } = parts;
  let tail: Promise<void> = Promise.resolve();
  const pauses = watchPauses(parts);
  let waiting: SeenSet[] = [];
  let { keyOf } = parts;
  const keep = (name: string, seen: SeenSet): void => {
    const key = keyOf(name);
    // a list may have a thousand pages: each says all that came before it
    waiting = [...waiting.filter(({ pins }) => pins.tools !== seen.pins.tools), seen];
    tail = tail
      // after the answer that is under way
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          await rememberSeenPins(place, key, next);
      })
      .catch((error: unknown) => {
        const why = messageOf(error);
        log.write('warn', `what \`${name}\` offers cannot be kept to compare with: ${why}`);
      });
  };
  let standing = server === undefined ? undefined : knownOf(parts, server.id);
  const interceptor = createPins({
    servers: new Map(
      server === undefined || standing === undefined
        ? []
        : [[server.id, { ...standing, config: server.document, isObserved: server.isObserved }]],
    ),
    isPaused: pauses.isPaused,
    commandOptions: parts.commandOptions,
    onFinding(finding, by) {
      note('drift', finding.server, recordDrift(finding, by));
    },
    onFound(findings, by) {
      for (const line of warnOfDrift(findings, by, parts.commandOptions)) log.write('warn', line);
    },
    onListed: keep,
  });
  const begin = (): void => {
    if (server !== undefined) pauses.isPaused(server.id, clock.now());
  };
  const policyIs: RunPins['policyIs'] = ({ approved, keyOf: fresh, document, isObserved }) => {
    if (server === undefined || standing === undefined) return;
    keyOf = fresh;
    const pins = approved.get(server.id);
    // what was gone by stays what is gone by, until somebody approves something else
    if (pins !== undefined) standing = { known: { pins, hasInstructions: true }, since: 'approved' };
    interceptor.retune(server.id, { ...standing, config: document, isObserved });
  };
  const outOfUse: RunPins['describeOutOfUse'] = () => {
    const count = server === undefined ? 0 : interceptor.countOutOfUse(server.id);
    if (server === undefined || standing === undefined || count === 0) return undefined;
    return describeOutOfUse(count, server.id, standing.since, parts.commandOptions);
  };
  return {
    ...{ interceptor, begin, isPaused: pauses.isPaused, policyIs },
    describeOutOfUse: outOfUse,
    idle: () => tail,
  };
}

/** What was approved, else what was seen first. */
function knownOf(
  { place, approved, keyOf, log }: RunPinsParts,
  id: string,
): { known: SeenSet | undefined; since: Since } {
  const pins = approved.get(id);
  if (pins !== undefined) return { known: { pins, hasInstructions: true }, since: 'approved' };
  const reading = readSeenPins(place, keyOf(id));
  if (reading.kind === 'unreadable')
    log.write('warn', `what \`${id}\` offered first is lost, so what it offers now is gone by: ${reading.why}`);
  return { known: reading.kind === 'seen' ? reading.seen.first : undefined, since: 'first_seen' };
}

function watchPauses({ place, log, clock, timeOf, note }: RunPinsParts): Pick<RunPins, 'isPaused'> {
  const say = (text: string): void => log.write('warn', text);
  const nowMs = (): number => Math.trunc(clock.now().wallMs);
  const look = new PauseLook(pausesSpec(place.stateDir, place.tenant, { say, nowMs }));
  const times = new PauseTimes(timeOf);
  const heeded = new Map<string, Pause>();
  return {
    isPaused(server, now) {
      const pause = times.pauseAt(look.read(now.monoMs), { config: place.config, server }, now);
      const before = heeded.get(server);
      if (pause?.sinceMs === before?.sinceMs && pause?.untilMs === before?.untilMs) return pause !== undefined;
      if (pause === undefined) {
        heeded.delete(server);
        note('pause', server, { stage: 'over' });
        say(`\`${server}\` is no longer paused: its scope and its pins are enforced`);
        return false;
      }
      heeded.set(server, pause);
      const until = new Date(pause.untilMs).toISOString();
      note('pause', server, { stage: 'heeded', until, actor: pause.actor, reason: pause.reason });
      say(
        `\`${server}\` is PAUSED until ${until} by ${pause.actor} (${pause.reason}): what its scope and its pins deny passes, and is recorded`,
      );
      return true;
    },
  };
}
