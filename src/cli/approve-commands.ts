// Connects `scope diff`, `scope approve` and `pause` to this machine: its config and lock, its state, its trail, its terminal.

import { resolve } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { lockError, mayApprove, openMachineKey, takeLock, writeLock } from '../adapters/lock-file.ts';
import { pausesSpec } from '../adapters/pause-look.ts';
import { sealPauses } from '../adapters/pause-seal.ts';
import { rememberApprovedPins } from '../adapters/seen-pins.ts';
import { readSigningKey, type SigningKey } from '../adapters/signing-key.ts';
import { openStateDocument } from '../adapters/state-document.ts';
import { makePrivateDir, resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type ConfigPlace, findConfigFile, showPlaces } from '../config/find-config.ts';
import { compileDocument } from '../config/load-config.ts';
import { quoteWord } from '../config/shell-word.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import { lookAtApproval, lookAtTaken } from './approval-look.ts';
import type { ApprovalPicture } from './approval-picture.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { openCeilingsHere } from './ceilings-here.ts';
import { readActor } from './local-user.ts';
import { type LockContext, type ReadConfig, readLockedConfig } from './locked-policy.ts';
import { openOneShotTrail } from './one-shot-trail.ts';
import { type PauseOptions, runPause } from './pause.ts';
import { readPausesHere } from './pauses-here.ts';
import { readConsent } from './read-consent.ts';
import { runScopeApprove, type ScopeApproveOptions } from './scope-approve.ts';
import { runScopeDiff } from './scope-diff.ts';
import { seeAsTenant } from './tenant-policy.ts';
import { sayAside, terminalIo } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

interface Shared {
  readonly config?: string;
  readonly tenant: string;
  readonly color: boolean;
}

export async function diff(
  flags: Shared & { readonly server?: string; readonly json?: boolean; readonly full?: boolean },
): Promise<number> {
  const { read, context } = await open(flags);
  return runScopeDiff(flags, terminalIo(flags.color), lookAtApproval(read, context, { only: flags.server }));
}

export async function approve(flags: Shared & ScopeApproveOptions): Promise<number> {
  const { read, context } = await open(flags);
  const { place, judgement, document } = read;
  const { stateDir, tenant, nowMs } = context;
  // what a newer version has written is not for this one to write over
  if (judgement.kind === 'refused' && judgement.refusal.code === 'lock_newer')
    throw lockError(place, judgement.refusal);
  const actor = readActor();
  if (flags.take === true) {
    const { runTakeLock } = await import('./take-lock.ts');
    return runTakeLock(flags, terminalIo(flags.color), {
      ...{ judgement, consent: readConsent(), actor, commandOptions: read.commandOptions },
      look: (body) => lookAtTaken(read, context, body),
      openTrail: () => openOneShotTrail({ stateDir, tenant, server: undefined, clock: systemClock, actor }),
      take: (memory) => takeLock(place, memory),
    });
  }
  let signer: SigningKey | undefined;
  return runScopeApprove(flags, terminalIo(flags.color), {
    ...{ consent: readConsent(), actor, nowMs, commandOptions: read.commandOptions },
    look: (isEnding) =>
      lookAtApproval(read, context, { only: flags.server, keep: flags.keep, isEnding, isPolicyOnly: flags.policyOnly }),
    check(policy, mend) {
      const compiled = compileDocument(policy, read.policy.source, context);
      if (compiled.ok) return;
      const [first] = compiled.diagnostics;
      throw new GuardError('usage', `this cannot be approved alone: ${first?.path}: ${first?.what}`, {
        hint: mend,
      });
    },
    openKey(path, policy) {
      signer = path === undefined ? openMachineKey(place) : openNamedKey(path);
      const input = { config: document, ceiling: context.ceilings, nowMs };
      if (!mayApprove(place, input, signer.publicKey, policy)) {
        throw new GuardError('key_unusable', `the word of ${signer.publicKey} does not count for this config`, {
          hint: 'have it named in `approvers` by an approval of the whole config (without `--server`) that a key gives which counts, as that of this machine',
        });
      }
      return signer.publicKey;
    },
    openTrail: () => openOneShotTrail({ stateDir, tenant, server: flags.server, clock: systemClock, actor }),
    async write(words, { policy, base, pins, servers }: ApprovalPicture) {
      if (signer === undefined) throw new Error('nothing to sign with');
      const lock = await writeLock(place, {
        ...{ ...words, judged: judgement, policy, base },
        ...{ pins, nowMs, key: signer },
      });
      for (const { key, tenants = [tenant] } of servers) {
        const set = pins.get(key);
        if (set === undefined) continue;
        // the lock holds what counts: this is for the day when it is lost
        for (const one of tenants)
          await rememberApprovedPins({ ...place, tenant: one }, key, { pins: set, hasInstructions: true }).catch(
            sayError,
          );
      }
      return lock;
    },
  });
}

export async function pause(
  server: string | undefined,
  flags: Shared & Omit<PauseOptions, 'server'> & { readonly list?: boolean; readonly json?: boolean },
): Promise<number> {
  if (flags.list === true) return list(server, flags);
  if (flags.json === true) throw new GuardError('usage', '`--json` is for `--list`', { hint: 'leave it out' });
  if (server === undefined) {
    throw new GuardError('usage', 'which server is to be paused is missing', {
      hint: "as in `mcp-guard pause files --for 15m --reason 'the release waits'`; `mcp-guard pause --list` says what is paused",
    });
  }
  const stateDir = resolveStateDir(process.env);
  const { tenant } = flags;
  const opened = flags.end === true ? undefined : await open(flags);
  // a tenant may have servers of its own
  const read = opened === undefined ? undefined : await seeAsTenant(opened.read, opened.context);
  const nowMs = (): number => Math.trunc(systemClock.now().wallMs);
  const actor = readActor();
  return runPause({ ...flags, server }, terminalIo(flags.color), {
    ...{ servers: [...(read?.policy.servers.keys() ?? [])], consent: readConsent(), actor, nowMs },
    ...{ config: read?.place.config ?? '', commandOptions: read?.commandOptions ?? '', endOptions: ofTenant(tenant) },
    openTrail: (about) => openOneShotTrail({ stateDir, tenant, server: about, clock: systemClock, actor }),
    update(change) {
      makePrivateDir(stateDir, tenantSteps(tenant));
      return openStateDocument(pausesSpec(stateDir, tenant, { say: sayAside, nowMs })).update((pauses) => {
        const next = change(pauses);
        return next === pauses ? pauses : sealPauses(stateDir, tenant, next);
      });
    },
  });
}

async function list(
  server: string | undefined,
  flags: Shared & Omit<PauseOptions, 'server'> & { readonly json?: boolean },
): Promise<number> {
  const other = (['for', 'reason', 'end'] as const).find((name) => flags[name] !== undefined);
  if (other !== undefined) {
    throw new GuardError('usage', `\`--list\` only shows, and \`--${other}\` changes`, { hint: 'give one of them' });
  }
  const { runPauseList } = await import('./pause-list.ts');
  const { tenant } = flags;
  const { wallMs: nowMs } = systemClock.now();
  const pauses = readPausesHere(resolveStateDir(process.env), tenant, nowMs);
  return runPauseList({ ...flags, server }, terminalIo(flags.color), {
    pauses,
    nowMs,
    commandOptions: ofTenant(tenant),
  });
}

/** Behind a command that reads no config. */
function ofTenant(tenant: string): string {
  return tenant === DEFAULT_TENANT ? '' : ` --tenant ${quoteWord(tenant)}`;
}

function sayError(error: unknown): void {
  sayAside(messageOf(error));
}

async function open(flags: Shared): Promise<{ read: ReadConfig; context: LockContext }> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const portsFor = await loadPortsFor();
  const context = {
    env,
    uid: process.getuid?.(),
    portsFor,
    stateDir,
    tenant: flags.tenant,
    nowMs: systemClock.now().wallMs,
    ceilings: await openCeilingsHere(),
  };
  return { read: await readLockedConfig(findConfig(flags.config, stateDir), context), context };
}

function findConfig(flag: string | undefined, stateDir: string): ConfigPlace {
  const search = { env: process.env, cwd: process.cwd() };
  const { place } = findConfigFile({ ...search, flag, readAllowed: () => readAllowedConfigs(stateDir) });
  if (place !== undefined) return place;
  throw new GuardError('usage', 'there is no config', { hint: `looked for ${showPlaces(search)}` });
}

function openNamedKey(path: string): SigningKey {
  const key = readSigningKey(resolve(path));
  if (key === undefined)
    throw new GuardError('key_unusable', `there is no key \`${path}\``, { hint: 'name a PEM file of this user' });
  return key;
}
