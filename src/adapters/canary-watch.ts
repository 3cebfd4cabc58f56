// Looks at everything that one tenant's client and servers say for the token of another. Says so on stderr and on record; ends the session
// where it was told to, and then hands nothing of it on. INVARIANT: names no other tenant: this one's host reads the log and the record.
import type { Readable } from 'node:stream';
import type { CanarySearch } from '../audit/redact/canary-search.ts';
import { canaryRefusal } from '../core/denial.ts';
import type { Log } from '../ports/log.ts';
import type { LineReading } from '../wire/message.ts';
import { fingerprintOf } from './canary-tokens.ts';
import type { ClientEnd, ClientListener } from './client-end.ts';
import { endPromptly } from './prompt-end.ts';
import type { SessionRun } from './run-session.ts';
import type { Timers } from './shutdown-ladder.ts';
import type { AnswerScreen } from './turn.ts';

const STOPPED_STATUS = 77;

export interface CanaryWatch {
  /** The same client, looked at both ways. */
  client(client: ClientEnd): ClientEnd;
  /** For what answers a call, so that the record says that it was held back; undefined where nothing is. */
  readonly screen: AnswerScreen | undefined;
  /** INVARIANT: to be called before anybody else reads the stream: who shows it asks `isOver` then. */
  stderr(stream: Readable): void;
  /** What a server wrote where no message belongs. */
  noise(bytes: Uint8Array): void;
  /** The session ends for it: nothing more that a server writes is shown to anybody. */
  readonly isOver: boolean;
  /** What was found before is told now. */
  begin(run: Pick<SessionRun, 'between' | 'post' | 'stop'>, server: string | undefined): void;
  /** Of a session that ended for it; undefined otherwise. */
  exitStatus(): number | undefined;
}

export function watchCanaries(
  search: CanarySearch,
  { stops, log, timers }: { stops: boolean; log: Log; timers: Timers },
): CanaryWatch {
  const told = new Set<string>();
  const waiting: (() => void)[] = [];
  let tell: ((where: string, token: string, held: string | null) => void) | undefined;
  let hasStopped = false;
  let isEnding = false;

  /** @param what it is, where it is a message that can be held back @returns whether to hold it back */
  function alarm(where: string, token: string | undefined, what: string | null = null): boolean {
    if (token === undefined) return false;
    const known = `${where} ${token}`;
    if (!told.has(known)) {
      told.add(known);
      const doing = stops ? '; the session ends' : '';
      log.write('error', `the canary ${fingerprintOf(token)} of another tenant stands in what ${where}${doing}`);
      if (stops) hasStopped = true;
      // not at once: this is the middle of a turn
      waiting.push(() => tell?.(where, token, stops ? what : null));
      if (tell !== undefined) setImmediate(flush);
    }
    return stops;
  }
  function flush(): void {
    for (const one of waiting.splice(0)) one();
  }
  const isHeldFromClient = (bytes: Buffer) =>
    alarm('is sent to the client', search.find(bytes), 'what the server said');
  return {
    screen: stops ? (bytes) => (isHeldFromClient(bytes) ? canaryRefusal() : undefined) : undefined,
    client: (inner) => ({
      get full() {
        return inner.full;
      },
      get broken() {
        return inner.broken;
      },
      open: (listener) => inner.open(listenTo(listener)),
      read: () => inner.read(),
      pause: () => inner.pause(),
      resume: () => inner.resume(),
      add: (bytes) => {
        if (!isHeldFromClient(bytes)) inner.add(bytes);
      },
      flush: () => inner.flush(),
      drained: () => inner.drained(),
    }),
    stderr: (stream) => {
      const find = search.openStream();
      stream.on('data', (chunk: Buffer) => alarm('a server writes to stderr', find(chunk)));
    },
    noise: (bytes) => void alarm('a server writes outside of its messages', search.find(bytes)),
    get isOver() {
      return hasStopped;
    },
    begin: (run, server) => {
      tell = (where, token, held) => {
        const detail = { stage: 'canary', where, canary: fingerprintOf(token), ends: stops, held };
        run.between(() => run.post({ type: 'noted', name: 'tenant', server, detail }));
        if (stops && !isEnding) {
          isEnding = true;
          endPromptly(run, timers, 'something stood in it that must not be there');
        }
      };
      flush();
    },
    exitStatus: () => (hasStopped ? STOPPED_STATUS : undefined),
  };

  function listenTo(listener: ClientListener): ClientListener {
    return {
      onReading: (reading, bytes) => {
        if (!alarm('the client sends', search.find(bytes), nameOf(reading))) listener.onReading(reading, bytes);
      },
      onOversize: (refused) => listener.onOversize(refused),
      onTurnEnd: () => listener.onTurnEnd(),
      onEnd: () => listener.onEnd(),
      onFull: () => listener.onFull(),
      onRoom: () => listener.onRoom(),
      onBroken: () => listener.onBroken(),
    };
  }
}

/** INVARIANT: a plain word of the protocol or none: the token itself must not come into the record this way. attacker-controlled: the method. */
function nameOf(reading: LineReading): string {
  const message = reading.kind === 'message' ? reading.line.message : undefined;
  const method = message === undefined || !('method' in message) ? '' : message.method;
  return /^[A-Za-z/_]{1,64}$/.test(method) ? `\`${method}\`` : 'a line';
}
