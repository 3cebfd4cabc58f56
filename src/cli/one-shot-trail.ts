// The segment of its own that a command writes which changes something: opened by its first record, sealed when it is done.
// Knows no command. What cannot be recorded is told by an error, before it is done.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createJsonlSink } from '../adapters/jsonl-sink.ts';
import { type EventEntry, type RecordRef, showRef } from '../audit/entry.ts';
import { GuardError } from '../guard-error.ts';
import type { Clock } from '../ports/clock.ts';
import { VERSION } from './version.ts';

export interface OneShotTrail {
  /** On disk, synced, when it returns. @param about the server; by default that of the trail @returns `<segment>:<seq>` @throws GuardError audit_unwritable */
  record(name: EventEntry['name'], detail: EventEntry['detail'], about?: string): string;
  /** Seals what was written. @returns why it could not: the records stay, without their seal */
  close(): string | undefined;
}

export interface OneShotOptions {
  readonly stateDir: string;
  readonly tenant: string;
  /** Undefined: it is about no single one. */
  readonly server: string | undefined;
  readonly clock: Clock;
  /** Who runs the command, as `readActor` says. */
  readonly actor: string;
}

export function openOneShotTrail({ stateDir, tenant, server, clock, actor }: OneShotOptions): OneShotTrail {
  let fault: string | undefined;
  const sink = createJsonlSink({
    stateDir,
    tenant,
    clock,
    log: {
      write: (level, text) => {
        if (level === 'error') fault = text;
      },
    },
    sync: 'always',
    origin: {
      session: randomBytes(8).toString('hex'),
      principal: `local:${actor}`,
      guard: VERSION,
      host: hostname(),
      servers: server === undefined ? [] : [server],
      configDigest: null,
      isolation: 'none',
    },
  });
  return {
    record: (name, detail, about = server) => {
      const entry: EventEntry = { type: 'event', at: clock.now(), ref: undefined, name, server: about, detail };
      if (!sink.append([entry])) throw unwritable(fault);
      const ref: RecordRef | undefined = entry.ref;
      return showRef(ref);
    },
    close: () => {
      fault = undefined;
      sink.close('done');
      return fault;
    },
  };
}

function unwritable(fault: string | undefined): GuardError {
  // The sink's sentence ends with what a session then does.
  const why = fault?.replace(/^.*?: /, '').replace(/; calls are denied$/, '') ?? 'unknown';
  return new GuardError('audit_unwritable', `the audit trail cannot be written: ${why}`, {
    hint: 'what cannot be recorded is not done: mend the state directory or the disk, then try again',
  });
}
