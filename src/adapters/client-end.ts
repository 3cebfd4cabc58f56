// The client of one session as lines, whoever it is: a host at the other end of two pipes, or a gateway in this process. Types only.
import type { RefusedLine } from '../core/events.ts';
import type { LineReading } from '../wire/message.ts';

export interface ClientListener {
  onReading(reading: LineReading, bytes: Buffer): void;
  onOversize(refused: RefusedLine): void;
  /** All that was read in one go has been given to `onReading`. */
  onTurnEnd(): void;
  /** Nothing more will come. Any number of calls. */
  onEnd(): void;
  /** It takes nothing more for now / takes again. */
  onFull(): void;
  onRoom(): void;
  /** It is gone: what is added from now on is thrown away. Once. */
  onBroken(): void;
}

export interface ClientEnd {
  /** More waits for the client than it should. */
  readonly full: boolean;
  readonly broken: boolean;
  /** Once, before anything else. Nothing is read yet. */
  open(listener: ClientListener): void;
  /** Begins to read. */
  read(): void;
  /** Reads nothing for now. */
  pause(): void;
  resume(): void;
  /** Takes bytes for this turn. Nothing leaves before `flush`. */
  add(bytes: Buffer): void;
  flush(): void;
  /** Resolves once everything written has been taken by the client, or it is gone. */
  drained(): Promise<void>;
}
