// A log whose warnings and errors are offered to somebody else, too: later, between two turns, and never so many that they pile up.
import type { Log, LogLevel } from '../ports/log.ts';

/** What waits while nobody listens yet, or the session is busy; more is a flood, of which the log itself has every line. */
const MOST_WAITING = 32;

export interface ForwardingLog extends Log {
  /** From now on, and what was written before. */
  offerTo(listener: (level: 'warn' | 'error', text: string) => void): void;
  end(): void;
}

export function createForwardingLog(log: Log): ForwardingLog {
  let listener: ((level: 'warn' | 'error', text: string) => void) | undefined;
  let waiting: { readonly level: 'warn' | 'error'; readonly text: string }[] = [];
  let isOver = false;
  const tell = (): void => {
    const told = waiting;
    waiting = [];
    for (const { level, text } of told) listener?.(level, text);
  };
  return {
    write(level: LogLevel, text: string, told?: string) {
      log.write(level, text);
      if (isOver || (level !== 'warn' && level !== 'error') || waiting.length >= MOST_WAITING) return;
      // not at once: whoever writes a line may be in the middle of a turn
      if (listener !== undefined && waiting.length === 0) setImmediate(tell);
      waiting.push({ level, text: told ?? text });
    },
    offerTo(one) {
      listener = one;
      if (waiting.length > 0) setImmediate(tell);
    },
    end() {
      isOver = true;
      listener = undefined;
      waiting = [];
    },
  };
}
