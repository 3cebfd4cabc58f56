// What the tests of lock, pins and pauses share: one config with one server `srv`, sessions of it, and the key that may approve.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRaw, type RawClient } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));

/** A config, as loosely as a test writes it. */
export interface Written {
  version: number;
  servers: { srv: Record<string, unknown>; [id: string]: Record<string, unknown> };
  [key: string]: unknown;
}

export interface Tool {
  readonly name: string;
  readonly [field: string]: unknown;
}

export class LockStage {
  readonly yard: Yard;
  readonly config: string;
  readonly lock: string;
  #written: Written;

  constructor(yard: Yard, written: Written) {
    this.yard = yard;
    this.config = join(yard.home, 'config.json');
    this.lock = join(yard.home, 'mcp-guard.lock.json');
    this.#written = written;
    this.edit(() => {});
  }

  edit(change: (written: Written) => void): void {
    change(this.#written);
    writeFileSync(this.config, JSON.stringify(this.#written), { mode: 0o600 });
  }

  /** The config as it was. */
  restore(text: string): void {
    this.#written = JSON.parse(text);
    this.edit(() => {});
  }

  /** Connects, shakes hands, plays, ends. @returns what `play` returns, and what stood on stderr */
  async session<T>(play: (session: Session) => Promise<T>): Promise<{ readonly value: T; readonly stderr: string }> {
    const session = await this.open();
    try {
      return { value: await play(session), stderr: session.client.stderr() };
    } finally {
      await session.client.end();
    }
  }

  async open(): Promise<Session> {
    const args = [BIN, 'run', '--config', this.config, '--server', 'srv'];
    const client = connectRaw({ command: process.execPath, args, env: this.yard.env(), directory: this.yard.home });
    const session = new Session(client);
    await session.begin();
    return session;
  }

  /** A start that is refused. */
  refused(): { status: number; stderr: string } {
    return this.yard.command('run', '--config', this.config, '--server', 'srv');
  }

  diff(): { status: number; stdout: string } {
    return this.yard.command('scope', 'diff', '--config', this.config);
  }

  /** By this machine's own key, as a script would. */
  approve(...flags: string[]): { status: number; stdout: string; stderr: string } {
    const key = join(this.yard.state, 'lock', 'keys', 'ed25519.pem');
    return this.yard.command(
      ...['scope', 'approve', '--config', this.config, '--reason', 'for a test', '--key', key, '--yes', ...flags],
    );
  }

  configText(): string {
    return readFileSync(this.config, 'utf8');
  }

  lockText(): string {
    return readFileSync(this.lock, 'utf8');
  }

  /** The details of all events of one name, in the order of their segments. */
  events(name: string): readonly Readonly<Record<string, unknown>>[] {
    return readTrail(this.yard.state)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap(({ records }) => records)
      .map(({ h }) => h as { readonly name?: string; readonly detail?: Record<string, unknown> }) // members of events only
      .flatMap((header) => (header.name === name && header.detail !== undefined ? [header.detail] : []));
  }
}

export class Session {
  readonly client: RawClient;
  #id = 0;
  /** Of the handshake. */
  instructions: string | undefined;

  constructor(client: RawClient) {
    this.client = client;
  }

  async begin(): Promise<void> {
    const info = '"clientInfo":{"name":"raw","version":"1.0.0"}';
    const result = await this.#ask('initialize', `{"protocolVersion":"2025-11-25","capabilities":{},${info}}`);
    this.instructions = result.instructions;
    this.client.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  }

  /** Names over all pages. */
  async tools(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Result = await this.#ask('tools/list', cursor === '' ? '{}' : JSON.stringify({ cursor }));
      names.push(...(page.tools ?? []).map(({ name }) => name));
      cursor = page.nextCursor;
    }
    return names;
  }

  /** `answered`, the reason of the guard's refusal, or the message of an error. */
  async call(name: string, args: object = {}): Promise<string> {
    const result = await this.#ask('tools/call', JSON.stringify({ name, arguments: args }));
    return result._meta?.['mcp-guard/decision']?.reason ?? result.message ?? 'answered';
  }

  async #ask(method: string, params: string): Promise<Result> {
    this.#id += 1;
    const line = await this.client.request(this.#id, method, params);
    // an answer of the guard or of a server under test
    const { result, error } = JSON.parse(line) as { readonly result?: Result; readonly error?: { message: string } };
    return result ?? { message: error?.message ?? 'no answer' };
  }
}

interface Result {
  readonly instructions?: string;
  readonly tools?: readonly Tool[];
  readonly nextCursor?: string;
  readonly message?: string;
  readonly _meta?: { readonly 'mcp-guard/decision'?: { readonly reason: string } };
}
