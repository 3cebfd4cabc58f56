// Keeps the record of this guard in `<state>/run`: on a change, at most once a second, beside the calls and never in their way. Knows
// no command; what a server's entry says comes from the trail's entries and from whoever watches the server.
import { SessionFacts } from '../audit/server-facts.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  GuardRecord,
  GuardStatus,
  Isolation,
  LiveServer,
  PolicyStanding,
  ServerStanding,
  WordStanding,
} from '../ports/guard-status.ts';
import type { Log } from '../ports/log.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Timers } from './shutdown-ladder.ts';

/** So late that the start of a session is over, and what changes together is written together. */
const FIRST_AFTER_MS = 250;
const SPACING_MS = 1_000;
/** What changes without an entry (a cool-down that ends, an order for a breaker) is seen within this. */
const LOOK_EVERY_MS = 5_000;
const LONGEST_WORD = 48;
const LONGEST_WHY = 480;
/** Sentences about the policy. */
const MOST_WAITS = 100;

export interface RunRecordOptions {
  readonly stateDir: string;
  readonly holder: ProcessIdentity;
  readonly about: Pick<GuardRecord, 'guard' | 'session' | 'tenant' | 'principal'>;
  readonly servers: readonly string[];
  /** Of the server of that name. */
  readonly isolationOf: (server: string) => Isolation;
  /** Of a server behind a gateway. */
  readonly standingOf?: ((server: string) => WordStanding) | undefined;
  readonly policy: Pick<PolicyStanding, 'config' | 'digest'>;
  /** What of the policy in force is refused or waits now. */
  readonly waits: () => readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export interface RunRecord extends GuardStatus {
  /** The sink, with the record looking on: what was appended is seen, whether it could be written or not. */
  tap(sink: AuditSink): AuditSink;
  /** Settles once no writing is under way. Never rejects. */
  idle(): Promise<void>;
  /** Where a reload is asked for; undefined until the record was written for the first time. */
  readonly requestPath: string | undefined;
}

/** Touches no file before the first writing. */
export function openRunRecord(options: RunRecordOptions): RunRecord {
  const { stateDir, holder, about, clock, timers, log } = options;
  const facts = new SessionFacts(options.servers);
  const live = new Map<string, LiveServer>();
  const startedMs = Math.trunc(clock.now().wallMs);
  let policy: PolicyStanding = { ...options.policy, sinceMs: startedMs, reload: null };
  let path: string | undefined;
  let requestPath: string | undefined;
  let written = '';
  let lastMs = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let tail: Promise<void> = Promise.resolve();
  let isOver = false;
  let hasFailed = false;

  const record = (): GuardRecord => ({
    ...{ version: 1, ...about, client: facts.client ?? null, startedMs },
    policy: { ...policy, waits: options.waits().slice(0, MOST_WAITS) },
    servers: facts.names.map((name) => standingOf(name, facts, live.get(name), options)),
  });

  const write = async (): Promise<void> => {
    try {
      const files = await import('./run-files.ts');
      const now = record();
      const text = JSON.stringify(now);
      // another process may have taken it for that of a dead guard
      if (isOver || (text === written && files.isThere(path))) return;
      path ??= files.claimRunPath(stateDir, holder.pid, about.session);
      requestPath = files.requestPathOf(path);
      await files.writeRunFile(path, files.renderRunFile(holder, now, clock.now().wallMs));
      written = text;
    } catch (error) {
      // `status` does not show this guard then; nothing else depends on it
      if (!hasFailed) log.write('info', `this guard cannot be listed by \`mcp-guard status\`: ${String(error)}`);
      hasFailed = true;
    }
  };

  const arm = (delayMs: number): void => {
    cancel?.();
    cancel = timers.after(delayMs, () => {
      cancel = undefined;
      isSoon = false;
      lastMs = clock.now().monoMs;
      tail = tail.then(write);
      arm(LOOK_EVERY_MS);
    });
  };
  let isSoon = false;
  const changed = (): void => {
    if (isSoon || isOver) return;
    isSoon = true;
    arm(Math.max(FIRST_AFTER_MS, lastMs + SPACING_MS - clock.now().monoMs));
  };

  return {
    get requestPath() {
      return requestPath;
    },
    tap: (sink) => ({
      append(entries) {
        const isWritten = sink.append(entries);
        for (const entry of entries) facts.see(entry);
        changed();
        return isWritten;
      },
      close: (reason) => sink.close(reason),
    }),
    watch(server, one) {
      live.set(server, one);
      facts.of(server);
      changed();
    },
    list(server) {
      facts.of(server);
      changed();
    },
    policyIs(next) {
      policy = next;
      // a person waits for this answer
      if (!isOver) arm(0);
    },
    idle: () => tail,
    async end() {
      isOver = true;
      cancel?.();
      await tail;
      if (path === undefined) return;
      const files = await import('./run-files.ts');
      await files.removeRunFile(path);
    },
  };
}

function standingOf(
  name: string,
  facts: SessionFacts,
  live: LiveServer | undefined,
  { isolationOf, standingOf }: Pick<RunRecordOptions, 'isolationOf' | 'standingOf'>,
): ServerStanding {
  const { pid, state, sinceMs, restarts, lastError } = facts.of(name);
  const said = askOf(live);
  const { word, why } = standingOf?.(name) ?? {};
  const whys = [why ?? '', said.why].filter((one) => one !== '').join('; ');
  return {
    ...{
      name,
      pid: pid ?? null,
      state,
      word,
      why: whys === '' ? undefined : whys.slice(0, LONGEST_WHY),
      isolation: isolationOf(name),
      era: said.era,
      sinceMs: sinceMs === undefined ? null : Math.trunc(sinceMs),
      restarts,
      inFlight: said.inFlight,
    },
    lastError: lastError === undefined ? null : { ...lastError, atMs: Math.trunc(lastError.atMs) },
    ...{ breaker: said.breaker, limit: said.limit },
  };
}

/** A policy that throws here has spoilt a screen, no more. */
function askOf(
  live: LiveServer | undefined,
): Pick<ServerStanding, 'era' | 'inFlight' | 'breaker' | 'limit'> & { readonly why: string } {
  if (live === undefined) return UNWATCHED;
  try {
    const [breaker, limit] = [live.breaker(), live.limit()].map((word) => word.slice(0, LONGEST_WORD));
    return {
      era: live.era(),
      inFlight: live.inFlight(),
      breaker: breaker ?? '-',
      limit: limit ?? '-',
      why: live.why(),
    };
  } catch {
    return { ...UNWATCHED, breaker: 'unknown', limit: 'unknown' };
  }
}

const UNWATCHED = { era: 'unknown', inFlight: 0, breaker: '-', limit: '-', why: '' } as const;
