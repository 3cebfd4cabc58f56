// What the tests of `auth` share: tokens made by the real command, starts that are refused while the process table is watched, and what
// the record says of both.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { sha256Digest } from '../../src/adapters/sha256-digest.ts';
import { updateTokens } from '../../src/adapters/token-store.ts';
import { addToken, type TokenRecord } from '../../src/policy/identity/token-record.ts';
import { makeTokenText } from '../../src/policy/identity/token-text.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
/** How often the process table is looked at while a start is refused: each takes half a second at least. */
const LOOK_MS = 50;

/** The one answer: exit status, stdout, stderr. */
const REFUSAL = [
  77,
  '',
  `mcp-guard: this session is not started: no token was presented that counts here
  present one with \`--token-file FILE\`; the reason is on record, and nowhere else: \`mcp-guard token history\`
`,
] as const;

/** Members of `auth` and `token` events. */
interface AuthEvent {
  readonly at: number;
  readonly name: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Of every tenant below a state directory, in the order of their segments. */
export function authEvents(state: string): readonly AuthEvent[] {
  return readTrail(state)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ records }) => records)
    .map(({ h }) => h as unknown as AuthEvent) // members of events only
    .filter(({ name }) => name === 'auth' || name === 'token');
}

export interface Refused {
  readonly name: string;
  readonly why: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Changes this start's own copy of the state directory, or what stands elsewhere. */
  readonly prepare?: (state: string) => void;
}

interface RefusedStart {
  readonly name: string;
  /** Of the last `auth` event in the record. */
  readonly why: unknown;
  readonly answer: readonly [status: number | null, stdout: string, stderr: string];
  /** Process ids: whatever was seen below the guard. */
  readonly spawned: readonly string[];
}

/** Ids of processes that this one has started: one read, so that many can be looked at often. Linux. */
function childrenOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** What a refused start of the row is to look like. */
export const refusedAs = ({ name, why }: Refused): RefusedStart => ({ name, why, answer: REFUSAL, spawned: [] });

export class AuthStage {
  readonly yard: Yard;
  readonly config: string;

  constructor(yard: Yard) {
    this.yard = yard;
    this.config = this.at('config.json');
  }

  at(name: string): string {
    return join(this.yard.home, name);
  }

  put(name: string, text: string, mode = 0o600): string {
    writeFileSync(this.at(name), text, { mode });
    return this.at(name);
  }

  /** `mcp-guard token create`, into a file of that name. @returns its id */
  create(file: string, ...flags: string[]): string {
    const made = this.yard.command('token', 'create', '--yes', '--out', this.at(file), '--json', ...flags);
    expect([made.status, made.stderr]).toEqual([0, '']);
    return (JSON.parse(made.stdout) as { id: string }).id; // its own JSON
  }

  /** As `create` does it, without a process of its own; for a principal of that name, for a day. @returns its id */
  async give(file: string, more: Pick<TokenRecord, 'roles' | 'servers'>): Promise<string> {
    const { id, text } = makeTokenText(randomBytes(8), randomBytes(32), sha256Digest.text);
    const nowMs = Date.now();
    const record: TokenRecord = {
      ...{ id, hash: sha256Digest.text(text), principal: file, tenant: 'default', ...more },
      ...{ createdMs: nowMs, expiresMs: nowMs + 86_400_000, revokedMs: null, by: 'ada', replaces: null },
    };
    const parts = { say: (said: string) => expect(said).toBe('nothing'), nowMs: () => nowMs };
    await updateTokens(this.yard.state, parts, (tokens) => addToken(tokens, record, nowMs) ?? tokens);
    this.put(file, `${text}\n`);
    return id;
  }

  /** `mcp-guard run` with these flags. */
  open(flags: readonly string[], env: Readonly<Record<string, string>> = {}): RawClient {
    const args = [BIN, 'run', '--config', this.config, ...flags];
    const { yard } = this;
    return connectRaw({ command: process.execPath, args, env: { ...yard.env(), ...env }, directory: yard.home });
  }

  /** A start under a copy of the state directory, so that many can be refused at once and nobody waits for what others did. */
  async refuse({ name, flags = [], env = {}, prepare }: Refused): Promise<RefusedStart> {
    const { yard } = this;
    const state = this.at(`state of ${name.replaceAll('/', ' ')}`);
    cpSync(yard.state, state, { recursive: true });
    prepare?.(state);
    const child = spawn(process.execPath, [BIN, 'run', '--config', this.config, ...flags], {
      env: { ...yard.env(), ...env, MCP_GUARD_STATE_DIR: state },
      cwd: yard.home,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end();
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const spawned: string[] = [];
    const looks = setInterval(() => {
      spawned.push(...childrenOf(child.pid ?? -1));
    }, LOOK_MS);
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearInterval(looks);
    return { name, why: authEvents(state).at(-1)?.detail.why, answer: [status, stdout, stderr], spawned };
  }

  /** Edits the store of tokens, as nobody should. */
  static editTokens(change: (text: string) => string) {
    return (state: string): void => {
      const path = join(state, 'tokens', 'tokens.json');
      writeFileSync(path, change(readFileSync(path, 'utf8')), { mode: 0o600 });
    };
  }
}
