// The identity of a `run` under a config with `auth`: puts the judge together with this machine's files, and ends the session when it is
// over. Loaded only where somebody is asked who they are.
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DocumentLook, loadDocument } from '../adapters/document-look.ts';
import { fetchKeys } from '../adapters/jwks-fetch.ts';
import { noteTokenFile } from '../adapters/known-token-files.ts';
import { endPromptly } from '../adapters/prompt-end.ts';
import type { SessionRun } from '../adapters/run-session.ts';
import { systemTimers, type Timers } from '../adapters/shutdown-ladder.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type Presented, readPresented } from '../adapters/token-file.ts';
import { countFailure, failuresSpec, TOKEN_PORTS, tokensSpec } from '../adapters/token-store.ts';
import type { Secret } from '../audit/redact/masker.ts';
import type { AuthPolicy } from '../config/auth-policy.ts';
import type { Interceptor } from '../core/interceptor.ts';
import type { Identity, IdentityVerdict, StartRequest, WantedServer } from '../policy/identity/identity.ts';
import { judgeToken } from '../policy/identity/judge-token.ts';
import { mayUse } from '../policy/identity/start-question.ts';
import { waitBefore } from '../policy/identity/throttle.ts';
import { looksLikeToken } from '../policy/identity/token-text.ts';
import type { Log } from '../ports/log.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { establishIdentity, type Refusal } from './establish-identity.ts';
import { type IdentityWatch, watchIdentity } from './identity-watch.ts';
import { openOneShotTrail } from './one-shot-trail.ts';

export interface RunIdentityParts {
  readonly auth: AuthPolicy;
  readonly env: Record<string, string | undefined>;
  /** `--token-file` as it was written. */
  readonly tokenFile: string | undefined;
  /** `--tenant`; undefined where it was not said. */
  readonly tenant: string | undefined;
  readonly stateDir: string;
  /** The local user. */
  readonly user: string;
}

export interface RunIdentity {
  readonly identity: Identity;
  /** Absolute: what no tool may touch. */
  readonly ownFiles: readonly string[];
  /** TRUST: what was presented, for the masker alone. */
  readonly secrets: readonly Secret[];
  /** @throws GuardError auth_refused where one of them is not for this identity */
  requireServers(servers: readonly WantedServer[]): Promise<void>;
  /** Of a server that comes while the session runs: nothing is recorded and nothing counted. */
  mayUse(server: WantedServer): boolean;
  /** Once a session. `gate`: first of its chain; undefined: nothing can end it. @param looks wake what looks at it */
  watch(log: Log, looks: Timers): RunIdentityWatch;
}

export interface RunIdentityWatch {
  readonly gate: Interceptor | undefined;
  /** The status of a session that ended because its identity was over; undefined otherwise. */
  exitStatus(): number | undefined;
  /** On record from now on, and looked at until the session ends. @param server that the record is of; undefined: of no one server */
  begin(run: Pick<SessionRun, 'between' | 'post' | 'stop'>, server: string | undefined): void;
}

const REFUSED_STATUS = 77;
/** As `identity_over` tells those who come later: no more than they need. */
const OVER = 'it was started for somebody whose permission to use it has ended since';

/** Before anything is started. @throws GuardError auth_refused */
export async function openRunIdentity(parts: RunIdentityParts): Promise<RunIdentity> {
  const { auth, env, stateDir, user, tenant } = parts;
  const flag = parts.tokenFile === undefined ? undefined : resolve(parts.tokenFile);
  const presented = readPresented({ flag, env, config: auth.tokenFile }, process.getuid?.());
  const { identity, refuse } = await establishIdentity(
    { isRequired: auth.required, presented, user },
    {
      now: () => systemClock.now(),
      sleep: (ms) => delay(ms),
      waitMs: () => waitBefore(loadDocument(failuresSpec(stateDir, SILENT)), wallMs()),
      judge: (text) => judge(text, parts, { tenant, nowMs: wallMs() }),
      record: (refusal) => recordRefusal(refusal, parts),
      count: () => countFailure(stateDir, SILENT),
    },
  );
  await noteFile(presented, flag ?? auth.tokenFile, identity, stateDir);
  const keys = auth.jwt?.keys.kind === 'file' ? auth.jwt.keys.path : undefined;
  return {
    identity,
    ownFiles: [flag, auth.tokenFile, keys].filter((path) => path !== undefined),
    secrets: presented.kind === 'text' ? [{ name: 'MCP_GUARD_TOKEN', value: presented.text }] : [],
    async requireServers(servers) {
      if (!servers.every((server) => mayUse(identity, server))) await refuse('not_for_server');
    },
    mayUse: (server) => mayUse(identity, server),
    watch: (log, looks) => watchRun(identity, stateDir, log, looks),
  };
}

/** INVARIANT: only where what stood there counted: nobody makes a file of others untouchable by naming it. */
async function noteFile(
  presented: Presented,
  path: string | undefined,
  { kind }: Identity,
  stateDir: string,
): Promise<void> {
  if (kind === 'local' || presented.kind !== 'text' || presented.source === 'MCP_GUARD_TOKEN' || path === undefined)
    return;
  // A session whose file is not noted for others is a session all the same: its own tools cannot read it.
  await noteTokenFile(stateDir, path, SILENT).catch(() => {});
}

const wallMs = (): number => Math.trunc(systemClock.now().wallMs);
/** What a state document says of itself is told by the reason in the record, and nowhere else. */
const SILENT = { say: () => {}, nowMs: wallMs };

async function judge(
  text: string,
  { auth, stateDir }: RunIdentityParts,
  request: StartRequest,
): Promise<IdentityVerdict> {
  if (auth.jwt === undefined || looksLikeToken(text)) {
    const verdict = judgeToken(text, loadDocument(tokensSpec(stateDir, SILENT)), request, TOKEN_PORTS);
    const isOther = verdict.kind === 'refused' && verdict.why === 'malformed' && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
    return isOther ? { kind: 'refused', why: 'jwt_not_accepted' } : verdict;
  }
  const { jwt } = auth;
  const { judgeJwt } = await import('../adapters/jwt-token.ts');
  const { loadIssuerKeys } = await import('../adapters/issuer-keys.ts');
  const source = { stateDir, nowMs: request.nowMs, fetchText: (url: string) => fetchKeys(url) };
  return judgeJwt(text, jwt, request, () => loadIssuerKeys(jwt.keys, source));
}

/** TRUST: who gives the token itself where its file belongs must not find it on record. */
const TOKEN_LIKE = /mcpg_[0-9A-Za-z]{10}_|eyJ[\w-]{8,}\./;

/** INVARIANT: in the record of the default tenant, by the local user: nothing that was presented chooses where, or as whom. */
function recordRefusal({ why, detail, source, tokenId, principal }: Refusal, parts: RunIdentityParts): void {
  const { stateDir, user, tenant } = parts;
  const path =
    source === '--token-file' ? parts.tokenFile : source === 'auth.tokenFile' ? parts.auth.tokenFile : undefined;
  const isPath = path !== undefined && !TOKEN_LIKE.test(path);
  const file = isPath ? resolve(path) : null;
  const isClean = (path === undefined || isPath) && !TOKEN_LIKE.test(detail ?? '');
  const what = isClean ? (detail ?? null) : 'what was named as a file looks like a token';
  const trail = openOneShotTrail({
    stateDir,
    tenant: DEFAULT_TENANT,
    server: undefined,
    clock: systemClock,
    actor: user,
  });
  try {
    const about = { token: tokenId ?? null, principal: principal ?? null, tenant: tenant ?? null };
    trail.record('auth', { stage: 'refused', why, what, source, file, ...about });
  } finally {
    trail.close();
  }
}

function watchRun(identity: Identity, stateDir: string, log: Log, looks: Timers): RunIdentityWatch {
  const watch = identity.kind === 'local' ? undefined : openWatch(identity, stateDir, log, looks);
  return {
    gate: watch?.gate,
    exitStatus: () => (watch?.end === undefined ? undefined : REFUSED_STATUS),
    begin(run, server) {
      const note = (detail: Readonly<Record<string, string | null>>): void =>
        run.between(() => run.post({ type: 'noted', name: 'auth', server, detail }));
      note(describe(identity));
      watch?.begin((why) => {
        const { principal, tenant, tokenId } = identity;
        note({ stage: 'ended', why, principal, tenant: tenant ?? null, token: tokenId ?? null });
        endPromptly(run, systemTimers, OVER);
      });
    },
  };
}

function describe(identity: Identity): Readonly<Record<string, string | null>> {
  const { kind, principal, tenant, roles, servers, tokenId, expiresAtMs } = identity;
  if (kind === 'local') return { stage: 'local', principal };
  return {
    ...{ stage: 'accepted', principal, tenant: tenant ?? null, token: tokenId ?? null },
    roles: roles === undefined ? null : roles.join(' '),
    servers: servers === undefined ? null : servers.join(' '),
    until: showEnd(expiresAtMs),
  };
}

/** Null for never, and for what no calendar has. */
function showEnd(atMs: number): string | null {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function openWatch(identity: Identity, stateDir: string, log: Log, timers: Timers): IdentityWatch {
  const look = new DocumentLook(tokensSpec(stateDir, { say: (text) => log.write('warn', text), nowMs: wallMs }));
  return watchIdentity({
    ...{ identity, clock: systemClock, timers, log },
    tokens: (monoMs) => look.read(monoMs),
  });
}
