// A client at the other end of two byte streams: a host's pipes. Cuts lines, reads them strictly; decides nothing.
import type { Readable, Writable } from 'node:stream';
import { LineFramer } from '../wire/framer.ts';
import { readLine } from '../wire/read-line.ts';
import { ByteOut } from './byte-out.ts';
import type { ClientEnd, ClientListener } from './client-end.ts';
import { overlong } from './refused-lines.ts';
import type { LinkLimits } from './upstream-link.ts';

export class StreamClient implements ClientEnd {
  readonly #stdin: Readable;
  readonly #out: ByteOut;
  readonly #limits: LinkLimits;
  #listener: ClientListener | undefined;

  constructor(stdin: Readable, stdout: Writable, limits: LinkLimits) {
    this.#stdin = stdin;
    this.#limits = limits;
    this.#out = new ByteOut(stdout, {
      fullAtBytes: limits.fullAtBytes,
      onFull: () => this.#listener?.onFull(),
      onRoom: () => this.#listener?.onRoom(),
      onBroken: () => this.#listener?.onBroken(),
    });
  }

  get full(): boolean {
    return this.#out.full;
  }

  get broken(): boolean {
    return this.#out.broken;
  }

  open(listener: ClientListener): void {
    this.#listener = listener;
  }

  read(): void {
    const listener = this.#listener;
    if (listener === undefined) throw new Error('nobody has opened this client');
    const framer = new LineFramer({
      limitBytes: this.#limits.maxLineBytes,
      onLine: (bytes) => listener.onReading(readLine(bytes, 'client', this.#limits.read), bytes),
      onOversize: (over) => listener.onOversize(overlong(over, this.#limits.maxLineBytes)),
    });
    this.#stdin.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      listener.onTurnEnd();
    });
    const ended = () => {
      framer.end();
      listener.onEnd();
    };
    this.#stdin.once('end', ended);
    this.#stdin.once('error', ended);
    this.#stdin.once('close', ended);
  }

  pause(): void {
    this.#stdin.pause();
  }

  resume(): void {
    this.#stdin.resume();
  }

  add(bytes: Buffer): void {
    this.#out.add(bytes);
  }

  flush(): void {
    this.#out.flush();
  }

  drained(): Promise<void> {
    return this.#out.drained();
  }
}
