// Connects the commands of `token` to this machine: its store of tokens, its trail, its terminal.
import * as crypto from 'node:crypto';
import { resolve } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { noteTokenFile } from '../adapters/known-token-files.ts';
import { isFreePath, mayReplaceFile, writeTokenFile } from '../adapters/new-token-file.ts';
import { sha256Digest } from '../adapters/sha256-digest.ts';
import { openStateDocument } from '../adapters/state-document.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { tokensSpec, updateTokens } from '../adapters/token-store.ts';
import { findConfigFile } from '../config/find-config.ts';
import type { TokenRecord } from '../policy/identity/token-record.ts';
import { makeTokenText } from '../policy/identity/token-text.ts';
import type { JsonObject } from '../wire/json.ts';
import { type HistoryOptions, runHistory } from './event-history.ts';
import { readActor } from './local-user.ts';
import { openOneShotTrail } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { lastEventsIn } from './state-trail.ts';
import { sayAside, terminalIo } from './terminal.ts';
import {
  type HandOut,
  runTokenCreate,
  runTokenRotate,
  type TokenCreateOptions,
  type TokenRotateOptions,
} from './token-create.ts';
import { listDoubts, refuseUnlistedTenant } from './token-doubts.ts';
import { TOKEN_HISTORY } from './token-history.ts';
import type { TokenContext } from './token-order.ts';
import { refuseOption } from './token-reach.ts';
import { runTokenRevoke } from './token-revoke.ts';
import { runTokenList, runTokenShow } from './token-screen.ts';

interface Shared {
  readonly json?: boolean;
  readonly color: boolean;
}

export function create(flags: Shared & TokenCreateOptions & { readonly config?: string }): Promise<number> {
  return runTokenCreate(absolute(flags), terminalIo(flags.color), openContext(flags.config));
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

export function history(flags: Shared & HistoryOptions & { readonly tenant?: string }): number {
  const lastEvents = lastEventsIn(resolveStateDir(process.env), flags.tenant, ['auth', 'token']);
  return runHistory(flags, terminalIo(flags.color), TOKEN_HISTORY, lastEvents, systemClock.now().wallMs);
}

function absolute<T extends { readonly out?: string | undefined }>(flags: T): T {
  refuseOption(flags.out, '--out', 'write a file behind it, `./` before a name that begins so');
  return flags.out === undefined ? flags : { ...flags, out: resolve(flags.out) };
}

/** @param config `--config` */
function openContext(config?: string): TokenContext & HandOut {
  const stateDir = resolveStateDir(process.env);
  const nowMs = (): number => Math.trunc(systemClock.now().wallMs);
  const actor = readActor();
  return {
    ...{ actor, nowMs },
    consent: readConsent(),
    make() {
      const { id, text } = makeTokenText(crypto.randomBytes(8), crypto.randomBytes(32), sha256Digest.text);
      return { id, text, hash: sha256Digest.text(text) };
    },
    read: () => openStateDocument(tokensSpec(stateDir, { say: sayAside, nowMs })).read(),
    update: (change) => updateTokens(stateDir, { say: sayAside, nowMs }, change),
    openTrail: (tenant) => openOneShotTrail({ stateDir, tenant, server: undefined, clock: systemClock, actor }),
    doubts: (record) => compareWithConfig(record, stateDir, config),
    noteFile: (path) => noteTokenFile(stateDir, path, { say: sayAside, nowMs }),
    isFree: isFreePath,
    mayReplace: (path, hash) => mayReplaceFile(path, (text) => sha256Digest.text(text) === hash),
    writeFile: writeTokenFile,
  };
}

/** Where there is no config nothing can be compared; one that cannot be used keeps nobody from making a token, and is said. @throws GuardError tenant_unknown */
async function compareWithConfig(
  record: TokenRecord,
  stateDir: string,
  flag: string | undefined,
): Promise<readonly string[]> {
  const { env } = process;
  const readAllowed = () => readAllowedConfigs(stateDir);
  const { place } = findConfigFile({ flag, env, cwd: process.cwd(), readAllowed });
  if (place === undefined) return [];
  const { loadConfig } = await import('../config/load-config.ts');
  let document: JsonObject;
  try {
    ({ document } = loadConfig(place, { env, uid: process.getuid?.() }));
  } catch (error) {
    if (flag !== undefined) throw error;
    return ['the config cannot be used, so the token is compared with nothing: run `mcp-guard config check`'];
  }
  refuseUnlistedTenant(record.tenant, document, place.path);
  return listDoubts(record, document).map((doubt) => `\`${place.path}\`: ${doubt}`);
}
