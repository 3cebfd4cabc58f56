// The guard's own words to the client, as `notifications/message`: what a desktop host would hide on stderr. Only where the protocol has a
// place for them, in measure, and under a name that no server can speak under. Knows no log.
// Source: the MCP specification 2025-11-25, "Logging".
import type { Instant } from '../ports/clock.ts';
import { showInert } from '../wire/inert-text.ts';
import { stringAt } from '../wire/json.ts';
import type { NotificationMessage } from '../wire/message.ts';
import { logMessageLine } from '../wire/reply.ts';
import type { Handshake } from './handshake.ts';

/** What the guard says of itself to a person: of its four levels, those that are worth an interruption. */
export type VoiceLevel = 'warn' | 'error';

/** The `logger` of every message of the guard. */
const GUARD_LOGGER = 'mcp-guard';

/** RFC 5424, from the least to the most urgent, as the specification lists them. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
const NAMES: Readonly<Record<VoiceLevel, string>> = { warn: 'warning', error: 'error' };
/** In UTF-16 units. Some of it quotes a server. */
const LONGEST = 1_000;
/** So many at once; then one in each interval. A hostile server must not make the guard flood its client. */
const BURST = 8;
const INTERVAL_MS = 10_000;
/** What is said before the client listens waits for it: so much is kept, and so much is said then, to leave room for what follows. */
const MOST_EARLY = 32;
const MOST_EARLY_SAID = 6;

export class GuardVoice {
  readonly #handshake: Pick<Handshake, 'era' | 'initialized' | 'announcesLogging' | 'logLevel'>;
  #left = BURST;
  #filledMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;
  #early: { readonly level: VoiceLevel; readonly text: string }[] = [];

  constructor(handshake: Pick<Handshake, 'era' | 'initialized' | 'announcesLogging' | 'logLevel'>) {
    this.#handshake = handshake;
  }

  /** What was said before the client could hear it, once it can: errors first. */
  takeEarly(now: Instant): readonly Buffer[] {
    const { initialized } = this.#handshake;
    if (this.#early.length === 0 || initialized === undefined) return [];
    const early = this.#early.sort((one, other) => Number(other.level === 'error') - Number(one.level === 'error'));
    this.#early = [];
    this.#unsaid += Math.max(0, early.length - MOST_EARLY_SAID);
    return early.slice(0, MOST_EARLY_SAID).flatMap(({ level, text }) => this.say(level, text, now) ?? []);
  }

  /** The line for the client; undefined where there is no place for it now. */
  say(level: VoiceLevel, text: string, now: Instant): Buffer | undefined {
    const { era, initialized, announcesLogging, logLevel } = this.#handshake;
    if (era !== 'modern' && initialized === undefined) this.#keep(level, text);
    // 2026-07-28 ties log messages to a request; a server that announced no logging has a client that may not expect any
    if (era !== 'legacy' || initialized === undefined || !announcesLogging) return undefined;
    const wanted = LEVELS.indexOf(logLevel ?? 'warning');
    const name = NAMES[level];
    // a level that is none of them was the client's mistake: it asked for nothing
    if (wanted < 0 || LEVELS.indexOf(name) < wanted) return undefined;
    if (!this.#take(now.monoMs)) {
      this.#unsaid += 1;
      return undefined;
    }
    const more = this.#unsaid === 0 ? '' : ` (${this.#unsaid} more were not sent: see the guard's own log)`;
    this.#unsaid = 0;
    const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
    return logMessageLine(name, GUARD_LOGGER, showInert(cut) + more);
  }

  #keep(level: VoiceLevel, text: string): void {
    if (this.#early.length < MOST_EARLY) this.#early.push({ level, text: text.slice(0, LONGEST + 1) });
    else this.#unsaid += 1;
  }

  #take(nowMs: number): boolean {
    const intervals = Math.floor((nowMs - this.#filledMs) / INTERVAL_MS);
    if (intervals > 0) {
      this.#left = Math.min(BURST, this.#left + intervals);
      this.#filledMs = nowMs;
    }
    if (this.#left <= 0) return false;
    this.#left -= 1;
    return true;
  }
}

/** A server that speaks under the guard's name, or one that a person reads as it. attacker-controlled. */
export function borrowsGuardName({ method, params }: Pick<NotificationMessage, 'method' | 'params'>): boolean {
  if (method !== 'notifications/message') return false;
  const logger = stringAt(params, 'logger');
  return (
    logger !== undefined &&
    /mcp.?guard/.test(
      logger
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[^a-z]+/g, ' ')
        .trim(),
    )
  );
}
