// What the record of a session says about its servers right now: which run, since when, what went wrong last. Folds the entries as
// they are recorded; knows no file, no clock and no request that is open.
import type { AuditEntry, EventEntry, OutcomeEntry } from './entry.ts';

export interface ServerFacts {
  pid: number | undefined;
  state: 'starting' | 'up' | 'down';
  /** Wall clock, ms. */
  sinceMs: number | undefined;
  restarts: number;
  lastError: { readonly atMs: number; readonly text: string } | undefined;
}

/** Servers that are kept apart: a session has no more of them than its config. */
const MOST_SERVERS = 256;
/** In UTF-16 units. */
const LONGEST_TEXT = 200;
const LONGEST_NAME = 96;

export class SessionFacts {
  /** `name/version` as the client calls itself. attacker-controlled, bounded. */
  client: string | undefined;
  readonly #servers = new Map<string, ServerFacts>();

  constructor(servers: readonly string[]) {
    for (const name of servers) this.of(name);
  }

  get names(): readonly string[] {
    return [...this.#servers.keys()];
  }

  of(server: string): ServerFacts {
    const known = this.#servers.get(server);
    if (known !== undefined) return known;
    const facts: ServerFacts = {
      pid: undefined,
      state: 'starting',
      sinceMs: undefined,
      restarts: 0,
      lastError: undefined,
    };
    if (this.#servers.size < MOST_SERVERS) this.#servers.set(server, facts);
    return facts;
  }

  see(entry: AuditEntry): void {
    if (entry.type === 'outcome') this.#seeOutcome(entry);
    else if (entry.type === 'event') this.#seeEvent(entry);
    else if (entry.client !== undefined && entry.asked === 'client') this.client = cut(entry.client, LONGEST_NAME);
  }

  #seeEvent({ name, server, detail, at: { wallMs } }: EventEntry): void {
    if (server === undefined) return;
    if (name === 'server_started') {
      const facts = this.of(server);
      facts.pid = typeof detail.pid === 'number' ? detail.pid : undefined;
      facts.state = 'up';
      facts.sinceMs = wallMs;
    } else if (name === 'server_exited') {
      const facts = this.of(server);
      facts.pid = undefined;
      facts.state = 'down';
      facts.sinceMs = wallMs;
      if (detail.status !== 0) facts.lastError = { atMs: wallMs, text: cut(describeExit(detail.how), LONGEST_TEXT) };
    } else if (name === 'restart') this.of(server).restarts += 1;
  }

  #seeOutcome(outcome: OutcomeEntry): void {
    const what = describeFailure(outcome);
    if (what === undefined) return;
    const { intent, at } = outcome;
    const subject = intent.subject === undefined ? `\`${intent.method}\`` : `\`${cut(intent.subject, LONGEST_NAME)}\``;
    this.of(intent.server).lastError = { atMs: at.wallMs, text: cut(`${subject} ${what}`, LONGEST_TEXT) };
  }
}

/** One that never ran has not exited: what is wrong stands there by itself. */
function describeExit(how: EventEntry['detail'][string] | undefined): string {
  return typeof how === 'string' && how.startsWith('cannot start ') ? how : `exited (${how})`;
}

/** What the server owed and did not do; a tool that says `isError` has answered, and the exit of a server is told by itself. */
function describeFailure({ settlement, errorCode, intent }: OutcomeEntry): string | undefined {
  if (intent.asked !== 'client') return undefined;
  switch (settlement) {
    case 'timeout':
      return 'was not answered in time';
    case 'refused':
      return 'had an ambiguous answer';
    case 'error':
      return intent.method === 'tools/call' ? `failed with error ${errorCode ?? 'of no code'}` : undefined;
    default:
      return undefined;
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
