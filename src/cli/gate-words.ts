// What the gates of servers to the network say while a session runs: to its log, and on its record. Knows no gate.
import type { EventEntry } from '../audit/entry.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

export interface GateWords {
  /** attacker-controlled: `text`, made inert. What is said before `begin` is not kept: no server has been started. */
  say(server: string, text: string): void;
  begin(parts: { readonly log: Log; readonly sink: Pick<AuditSink, 'append'>; readonly clock: Clock }): void;
}

export function createGateWords(): GateWords {
  let tell: GateWords['say'] = () => {};
  return {
    say: (server, text) => tell(server, text),
    begin: ({ log, sink, clock }) => {
      tell = (server, text) => {
        log.write('warn', `\`${server}\`: ${text}`);
        const detail = { stage: 'network', what: text };
        const entry: EventEntry = { type: 'event', at: clock.now(), ref: undefined, name: 'tenant', server, detail };
        // who waits for the outcome of a call is told where this cannot be written: it is the same record
        sink.append([entry]);
      };
    },
  };
}
