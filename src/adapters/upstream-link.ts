// One running server as byte streams: its lines in, our bytes out, its noise and stderr to the log, its end exactly once.
// Decides nothing: everything it reads goes to its listener.
import type { RefusedLine } from '../core/events.ts';
import type { ExitStatus, UpstreamProcess } from '../ports/upstream.ts';
import { LineFramer } from '../wire/framer.ts';
import type { LineReading, ReadLimits } from '../wire/message.ts';
import { RepeatedLineReader } from '../wire/repeated-line.ts';
import { ByteOut } from './byte-out.ts';
import { PacedInput } from './paced-input.ts';
import type { ReadBrake, ReadPace } from './read-brake.ts';
import { overlong } from './refused-lines.ts';
import { type Ladder, runLadder, type Timers } from './shutdown-ladder.ts';

/** How long a server's last words may take to arrive once nothing of it is alive any more. */
const LAST_WORDS_MS = 500;

export interface UpstreamListener {
  onReading(reading: LineReading, bytes: Buffer): void;
  onOversize(refused: RefusedLine): void;
  /** All that was read in one go has been given to `onReading`. */
  onTurnEnd(): void;
  onExit(status: ExitStatus): void;
  /** The server takes nothing more for now / takes again. */
  onFull(): void;
  onRoom(): void;
}

export interface LinkLimits {
  readonly maxLineBytes: number;
  /** Bytes that may wait for the client … */
  readonly fullAtBytes: number;
  /** … and for a server. */
  readonly serverFullAtBytes: number;
  readonly read: ReadLimits;
  /** Of a server that has neighbours; undefined: as fast as it speaks. */
  readonly pace?: ReadPace;
}

export interface ShutdownTimes {
  readonly termAfterMs: number;
  readonly killAfterMs: number;
}

export class UpstreamLink {
  readonly #process: UpstreamProcess;
  readonly #out: ByteOut;
  readonly #timers: Timers;
  readonly #input: PacedInput;
  readonly #brake: ReadBrake | undefined;
  #ladder: Ladder | undefined;
  #hurried = false;
  #forced = false;
  #inputEnded = false;

  constructor(
    process: UpstreamProcess,
    listener: UpstreamListener,
    limits: LinkLimits,
    {
      timers,
      times,
      brake,
    }: { readonly timers: Timers; readonly times: ShutdownTimes; readonly brake?: ReadBrake | undefined },
  ) {
    this.#process = process;
    this.#timers = timers;
    this.#brake = brake;
    this.#out = new ByteOut(process.stdin, {
      fullAtBytes: limits.serverFullAtBytes,
      onFull: () => listener.onFull(),
      onRoom: () => listener.onRoom(),
      onBroken: () => {
        listener.onRoom();
        // EPIPE is an ending: a server that hears nothing any more is ended in full.
        if (!this.#inputEnded) this.stop(times, false);
      },
    });
    const reader = new RepeatedLineReader(limits.read);
    let lines = 0;
    const framer = new LineFramer({
      limitBytes: limits.maxLineBytes,
      onLine: (bytes) => {
        lines += 1;
        const reading = reader.read(bytes);
        brake?.heard(bytes.length, reading.kind === 'message' && reading.line.message.kind === 'response');
        listener.onReading(reading, bytes);
      },
      onOversize: (over) => {
        lines += 1;
        listener.onOversize(overlong(over, limits.maxLineBytes));
      },
    });
    this.#input = new PacedInput(process.stdout, {
      timers,
      brake,
      onChunk: (chunk) => {
        const before = lines;
        framer.push(chunk);
        if (lines === before) brake?.heardPart(chunk.length, framer.bufferedBytes === 0);
        listener.onTurnEnd();
      },
    });
    // So is one that says nothing any more, and cannot.
    process.stdout.once('end', () => this.stop(times, false));
    void this.#end(framer, listener);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasExited(): Promise<ExitStatus> {
    return this.#process.exited;
  }

  add(bytes: Buffer): void {
    this.#brake?.asked();
    this.#out.add(bytes);
  }

  flush(): void {
    this.#out.flush();
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  /** Nothing more will come: the server may finish what it has begun. */
  endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#out.end();
  }

  /** The guard has used force: how the server ends now says nothing about the server. */
  get wasForced(): boolean {
    return this.#forced;
  }

  /** End of input, TERM, KILL; `now` skips the first wait (the guard itself was told to end). */
  stop(times: ShutdownTimes, now: boolean): void {
    if (this.#ladder === undefined) {
      this.#ladder = runLadder({
        process: { exited: this.#process.exited, terminate: () => this.#terminate(), kill: () => this.kill() },
        timers: this.#timers,
        endInput: () => this.endInput(),
        termAfterMs: now ? 0 : times.termAfterMs,
        killAfterMs: now ? times.killAfterMs - times.termAfterMs : times.killAfterMs,
      });
    } else if (now && !this.#hurried) this.#terminate();
    this.#hurried ||= now;
  }

  kill(): void {
    this.#forced = true;
    this.#process.kill();
  }

  #terminate(): void {
    this.#forced = true;
    this.#process.terminate();
  }

  // The exit is told after the last line: what a server said before it died was said.
  async #end(framer: LineFramer, listener: UpstreamListener): Promise<void> {
    const { stdout } = this.#process;
    const silent = new Promise<void>((resolve) => {
      stdout.once('close', resolve);
      stdout.once('end', resolve);
      stdout.once('error', () => resolve());
    });
    const status = await this.#process.exited;
    if (status.kind !== 'unstartable') {
      this.#input.readToEnd();
      await Promise.race([silent, new Promise<void>((resolve) => this.#timers.after(LAST_WORDS_MS, resolve))]);
    }
    framer.end();
    listener.onTurnEnd();
    listener.onExit(status);
  }
}
