// Connects the commands of `token` to this machine: its store of tokens, its trail, its terminal.
import * as crypto from 'node:crypto';
import { resolve } from 'node:path';
import { noteTokenFile } from '../adapters/known-token-files.ts';
import { mayReplaceFile, writeTokenFile } from '../adapters/new-token-file.ts';
import { readRecentEvents } from '../adapters/recent-events.ts';
import { sha256Digest } from '../adapters/sha256-digest.ts';
import { openStateDocument } from '../adapters/state-document.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { tokensSpec, updateTokens } from '../adapters/token-store.ts';
import { makeTokenText } from '../policy/identity/token-text.ts';
import { makeInert } from './inert-text.ts';
import { openOneShotTrail, readActor } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { readStateTrail } from './state-trail.ts';
import { terminalIo } from './terminal.ts';
import {
  type HandOut,
  runTokenCreate,
  runTokenRotate,
  type TokenCreateOptions,
  type TokenRotateOptions,
} from './token-create.ts';
import { runTokenHistory, type TokenHistoryOptions } from './token-history.ts';
import type { TokenContext } from './token-order.ts';
import { runTokenRevoke } from './token-revoke.ts';
import { runTokenList, runTokenShow } from './token-screen.ts';

interface Shared {
  readonly json?: boolean;
  readonly color: boolean;
}

export function create(flags: Shared & TokenCreateOptions): Promise<number> {
  return runTokenCreate(absolute(flags), terminalIo(flags.color), openContext());
}

export function rotate(id: string, flags: Shared & TokenRotateOptions): Promise<number> {
  return runTokenRotate(id, absolute(flags), terminalIo(flags.color), openContext());
}

export function revoke(id: string, flags: Shared & { readonly reason?: string }): Promise<number> {
  return runTokenRevoke(id, flags, terminalIo(flags.color), openContext());
}

export function list(flags: Shared & { readonly tenant?: string }): number {
  const { read, nowMs } = openContext();
  return runTokenList(flags, terminalIo(flags.color), read(), nowMs());
}

export function show(id: string, flags: Shared): number {
  const { read, nowMs } = openContext();
  return runTokenShow(id, flags, terminalIo(flags.color), read(), nowMs());
}

export function history(flags: Shared & TokenHistoryOptions & { readonly tenant: string }): number {
  const stateDir = resolveStateDir(process.env);
  const { tenant } = flags;
  const lastEvents = (limit: number, since: number | undefined) =>
    readStateTrail(stateDir, tenant, () =>
      readRecentEvents(stateDir, limit, { tenant, names: ['auth', 'token'], since, wants: () => true }),
    );
  return runTokenHistory(flags, terminalIo(flags.color), lastEvents, systemClock.now().wallMs);
}

function absolute<T extends { readonly out?: string | undefined }>(flags: T): T {
  return flags.out === undefined ? flags : { ...flags, out: resolve(flags.out) };
}

function openContext(): TokenContext & HandOut {
  const stateDir = resolveStateDir(process.env);
  const nowMs = (): number => Math.trunc(systemClock.now().wallMs);
  const say = (text: string): void => void process.stderr.write(`mcp-guard: ${makeInert(text)}\n`);
  const actor = readActor();
  return {
    ...{ actor, nowMs },
    consent: readConsent(),
    make() {
      const { id, text } = makeTokenText(crypto.randomBytes(8), crypto.randomBytes(32), sha256Digest.text);
      return { id, text, hash: sha256Digest.text(text) };
    },
    read: () => openStateDocument(tokensSpec(stateDir, { say, nowMs })).read(),
    update: (change) => updateTokens(stateDir, { say, nowMs }, change),
    openTrail: (tenant) => openOneShotTrail({ stateDir, tenant, server: undefined, clock: systemClock, actor }),
    noteFile: (path) => noteTokenFile(stateDir, path, { say, nowMs }),
    mayReplace: (path, hash) => mayReplaceFile(path, (text) => sha256Digest.text(text) === hash),
    writeFile: writeTokenFile,
  };
}
