// Looks at everything that one tenant's client and servers say for the token of another. Says so on stderr and on record; ends the session
// where it was told to, and then hands nothing of it on. INVARIANT: names no other tenant: this one's host reads the log and the record.
import type { Readable } from 'node:stream';
import type { CanarySearch } from '../audit/redact/canary-search.ts';
import type { Log } from '../ports/log.ts';
import { fingerprintOf } from './canary-tokens.ts';
import type { ClientEnd, ClientListener } from './client-end.ts';
import type { SessionRun } from './run-session.ts';

const SIGTERM = 15;
const STOPPED_STATUS = 77;

export interface CanaryWatch {
  /** The same client, looked at both ways. */
  client(client: ClientEnd): ClientEnd;
  stderr(stream: Readable): void;
  /** What a server wrote where no message belongs. */
  noise(bytes: Uint8Array): void;
  /** What was found before is told now. */
  begin(run: Pick<SessionRun, 'between' | 'post' | 'stop'>, server: string): void;
  /** Of a session that ended for it; undefined otherwise. */
  exitStatus(): number | undefined;
}

export function watchCanaries(search: CanarySearch, { stops, log }: { stops: boolean; log: Log }): CanaryWatch {
  const told = new Set<string>();
  const waiting: (() => void)[] = [];
  let tell: ((where: string, token: string) => void) | undefined;
  let isOver = false;

  /** @returns whether to hold it back */
  function alarm(where: string, token: string | undefined): boolean {
    if (token === undefined) return false;
    const known = `${where} ${token}`;
    if (!told.has(known)) {
      told.add(known);
      const doing = stops ? '; the session ends' : '';
      log.write('error', `the canary ${fingerprintOf(token)} of another tenant stands in what ${where}${doing}`);
      if (stops) isOver = true;
      // not at once: this is the middle of a turn
      waiting.push(() => tell?.(where, token));
      if (tell !== undefined) setImmediate(flush);
    }
    return stops;
  }
  function flush(): void {
    for (const one of waiting.splice(0)) one();
  }
  return {
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
        if (!alarm('is sent to the client', search.find(bytes))) inner.add(bytes);
      },
      flush: () => inner.flush(),
      drained: () => inner.drained(),
    }),
    stderr: (stream) => {
      const find = search.openStream();
      stream.on('data', (chunk: Buffer) => alarm('a server writes to stderr', find(chunk)));
    },
    noise: (bytes) => void alarm('a server writes outside of its messages', search.find(bytes)),
    begin: (run, server) => {
      tell = (where, token) => {
        const detail = { stage: 'canary', where, canary: fingerprintOf(token), ends: stops };
        run.between(() => run.post({ type: 'noted', name: 'tenant', server, detail }));
        if (stops) run.stop(SIGTERM);
      };
      flush();
    },
    exitStatus: () => (isOver ? STOPPED_STATUS : undefined),
  };

  function listenTo(listener: ClientListener): ClientListener {
    return {
      onReading: (reading, bytes) => {
        if (!alarm('the client sends', search.find(bytes))) listener.onReading(reading, bytes);
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
