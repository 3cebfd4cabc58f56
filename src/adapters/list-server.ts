// Starts a server once, asks it what it offers, and ends it: contained by the guard's own supervisor, within a deadline, ended by
// the same ladder as any server. What is asked stands in listing-talk.ts.
import type { Readable } from 'node:stream';
import type { RefusedLine } from '../core/events.ts';
import { type Mask, maskResult } from '../policy/masked-names.ts';
import type { ExitStatus, Spawner, UpstreamCommand } from '../ports/upstream.ts';
import { isJsonObject } from '../wire/json.ts';
import { DEFAULT_READ_LIMITS, type LineReading, type Message } from '../wire/message.ts';
import { readLine } from '../wire/read-line.ts';
import { type ListingOutcome, ListingTalk } from './listing-talk.ts';
import { sha256Digest } from './sha256-digest.ts';
import type { Timers } from './shutdown-ladder.ts';
import { UpstreamLink } from './upstream-link.ts';

export interface ListOptions {
  readonly command: UpstreamCommand;
  readonly spawner: Spawner;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** From the start of the process to its last answer. */
  readonly deadlineMs: number;
  /** Of the guard. */
  readonly version: string;
  /** Once, where there is one: it is to be read. attacker-controlled. */
  readonly onStderr: (stderr: Readable) => void;
  /** Takes the secrets of the server out of a text: what it says is kept. Undefined: it has none. */
  readonly mask?: Mask | undefined;
  /** A line of stdout that is no message. attacker-controlled. */
  readonly onNoise: (line: Buffer) => void;
}

export type ListedServer = ListingOutcome | { readonly kind: 'unstartable'; readonly why: string };

const MIB = 1_048_576;
const LIMITS = {
  maxLineBytes: 16 * MIB,
  fullAtBytes: 4 * MIB,
  serverFullAtBytes: 4 * MIB,
  read: { ...DEFAULT_READ_LIMITS, strictPayload: false },
};
/** All that a server may say in one look. */
const MOST_BYTES = 64 * MIB;
const SHUTDOWN = { termAfterMs: 1_200, killAfterMs: 1_800 };

/** Settles once the server and everything that it started has ended. Never rejects. */
export function listServer(options: ListOptions): Promise<ListedServer> {
  const { command, spawner, timers, nowMs, deadlineMs, version, onNoise } = options;
  return new Promise((settle) => {
    let outcome: ListedServer | undefined;
    let heard = 0;
    const running = spawner.spawn(command);
    if (running.stderr !== undefined) options.onStderr(running.stderr);
    const end = (found: ListedServer): void => {
      if (outcome !== undefined) return;
      outcome = found;
      cancel();
      link.stop(SHUTDOWN, false);
    };
    const talk = new ListingTalk({
      version,
      digest: sha256Digest.text,
      nowMs,
      send: (line) => {
        link.add(line);
        link.flush();
      },
      done: end,
    });
    const take = (reading: LineReading, bytes: Buffer, place: 'line' | 'element'): void => {
      heard += bytes.length;
      if (heard > MOST_BYTES) end({ kind: 'refused', why: `it said more than ${MOST_BYTES / MIB} MiB` });
      else if (reading.kind === 'message') talk.take(withoutSecrets(reading.line.message, options.mask));
      else if (reading.kind === 'refused') talk.refuse(reading.refusal.id, reading.refusal.detail);
      else if (reading.kind === 'noise') onNoise(bytes);
      else if (reading.kind === 'batch' && place === 'line') {
        for (const element of reading.elements)
          take(readLine(element, 'upstream', LIMITS.read, 'element'), element, 'element');
      }
    };
    const link = new UpstreamLink(
      running,
      {
        onReading: (reading, bytes) => take(reading, bytes, 'line'),
        onOversize: ({ refusal }: RefusedLine) => talk.refuse(refusal.id, refusal.detail),
        onTurnEnd() {},
        onExit: (status) => {
          end(explainExit(status));
          // `end` has set it, now or before
          if (outcome !== undefined) settle(outcome);
        },
        onFull() {},
        onRoom() {},
      },
      LIMITS,
      { timers, times: SHUTDOWN },
    );
    const cancel = timers.after(deadlineMs, () =>
      end({ kind: 'refused', why: `it did not say within ${Math.round(deadlineMs / 1000)} s what it offers` }),
    );
    talk.begin();
  });
}

function withoutSecrets(message: Message, mask: Mask | undefined): Message {
  if (mask === undefined || message.kind !== 'response' || !isJsonObject(message.result)) return message;
  return { ...message, result: maskResult(message.result, mask) };
}

function explainExit(status: ExitStatus): ListedServer {
  if (status.kind === 'unstartable') return { kind: 'unstartable', why: status.reason };
  const how = status.kind === 'exited' ? `with status ${status.code}` : `by ${status.signal}`;
  return { kind: 'refused', why: `it ended ${how} before it had said what it offers` };
}
