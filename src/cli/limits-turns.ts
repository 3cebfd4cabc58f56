// What is said, and put on record, of the store that limits are counted in: away, back, full, or its counts lost. Knows no store.
// INVARIANT: why names hosts and files, so it stands in the guard's log and on record alone; the client is told what it means.
import type { LimitStorePolicy } from '../config/limits-policy.ts';
import type { SessionEvent } from '../core/events.ts';
import type { Log } from '../ports/log.ts';

export interface LimitsTurnsParts {
  readonly log: Log;
  readonly onStoreError: LimitStorePolicy['onStoreError'];
  /** In a turn of its own. */
  readonly post: (event: SessionEvent) => void;
}

export interface LimitsTurns {
  /** @param why undefined: it is back */
  turn(why: string | undefined): void;
  /** A call was denied since there is no room for its count. */
  full(why: string): void;
  /** Counts begin anew though nobody has asked for that. @param text the whole of it, for the log */
  lost(text: string): void;
  /** Anything else about it. */
  say(text: string): void;
}

type Word = 'back' | 'away' | 'full' | 'lost';

export function createLimitsTurns({ log, onStoreError, post }: LimitsTurnsParts): LimitsTurns {
  /** The store may have answered in the middle of a turn. */
  const tell = (store: Word, why: string | undefined, text: string, told: string): void =>
    void Promise.resolve().then(() => {
      log.write('warn', text, told);
      const detail = { store, why: why ?? null, onStoreError };
      post({ type: 'noted', name: 'limits', server: undefined, detail });
    });
  return {
    turn(why) {
      const back = 'limits are counted with the other guards again';
      if (why === undefined) tell('back', why, back, back);
      else
        tell(
          'away',
          why,
          `limits cannot be counted: ${why}; ${MEANWHILE[onStoreError]}`,
          `limits cannot be counted; ${MEANWHILE[onStoreError]}`,
        );
    },
    full(why) {
      const text = 'calls are denied, since there is no room for more counts';
      tell('full', why, `${text} (${why}); look with \`mcp-guard limits status\``, text);
    },
    lost(text) {
      tell('lost', text, text, 'the counts of limits were lost, and begin anew');
    },
    say(text) {
      log.write('warn', text, "something is wrong with where limits are counted: the guard's log says what");
    },
  };
}

const MEANWHILE: Readonly<Record<LimitStorePolicy['onStoreError'], string>> = {
  local: 'this guard counts for itself until it can',
  deny: 'calls with a limit are denied until they can (`limitStore.onStoreError` is `deny`)',
};
