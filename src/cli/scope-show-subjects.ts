// `mcp-guard scope show --principal` and `--role`: the same screen for somebody, by what tokens and roles leave of it.
import { loadDocument } from '../adapters/document-look.ts';
import { tokensSpec } from '../adapters/token-store.ts';
import { GuardError } from '../guard-error.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import type { ScopeMachine } from './scope-machine.ts';
import { findPrincipal, readRoles, type Subject } from './scope-principal.ts';
import { runScopeShow, type ScopeShowOptions } from './scope-show.ts';
import { wrapWords } from './text-width.ts';

export interface SubjectOptions extends ScopeShowOptions {
  readonly principal?: string | undefined;
  readonly role?: string | undefined;
}

/** @param openFor the policy in force, as these roles leave it @returns the exit code @throws GuardError usage */
export async function showSubjects(
  options: SubjectOptions,
  io: CliIo,
  machine: ScopeMachine,
  openFor: (roles: readonly string[]) => Promise<ScopeMachine>,
): Promise<number> {
  const paint = makePaint(io.color);
  let status = 0;
  for (const [index, subject] of findSubjects(options, machine).entries()) {
    const scene = await openFor(subject.roles);
    const closed = [...(scene.policy?.servers.keys() ?? [])].filter((server) => !subject.mayUse(server));
    const heading = closed.length === 0 ? subject.heading : `${subject.heading}, which is not for ${closed.join(', ')}`;
    // a script gets the rows alone
    const out = options.json === true ? io.stderr : io.stdout;
    const lines = wrapWords(`== ${makeInert(heading)}`, io.columns).map((line) => paint('strong', line));
    const grants = listGrants(subject.roles, scene).flatMap((line) => wrapWords(line, io.columns));
    out.write(`${index === 0 ? '' : '\n'}${[...lines, ...grants].join('\n')}\n`);
    status = Math.max(status, runScopeShow(options, io, { ...leaveOut(scene, subject), closed }));
  }
  return status;
}

/** One for each token that says something else, or who has these roles. @throws GuardError usage, state_unusable */
export function findSubjects(
  { principal, role, tenant }: Pick<SubjectOptions, 'principal' | 'role' | 'tenant'>,
  machine: ScopeMachine,
): readonly Subject[] {
  const { policy, stateDir, nowMs } = machine;
  if (principal !== undefined && role !== undefined)
    throw new GuardError('usage', '`--principal` and `--role` are two questions', { hint: 'ask one of them' });
  if (policy?.auth?.required !== true) {
    throw new GuardError('usage', 'nobody has to say who they are here, so that every principal has the same scope', {
      hint: 'leave `--principal` and `--role` out, or set `auth.required` in the config',
    });
  }
  if (role !== undefined) return [readRoles(role, [...(policy.roles?.names ?? [])])];
  const say = (why: string): never => {
    throw new GuardError('state_unusable', `the store of tokens cannot be read: ${why}`);
  };
  const tokens = loadDocument(tokensSpec(stateDir, { say, nowMs: () => nowMs }));
  return findPrincipal(principal ?? '', tenant, tokens ?? { version: 1, tokens: [] }, nowMs);
}

function leaveOut(scene: ScopeMachine, { mayUse }: Subject): ScopeMachine {
  const { policy } = scene;
  if (policy === undefined) return scene;
  const servers = new Map([...policy.servers].filter(([id]) => mayUse(id)));
  // what is not listed was seen under another config, unless this one takes it
  const isOpen = (id: string): boolean => servers.has(id) || (policy.unlisted === 'observe' && mayUse(id, false));
  return { ...scene, policy: { ...policy, servers }, offered: () => scene.offered().filter(isOpen) };
}

/** What each role says, as it is written: of patterns nobody can say what two of them have in common before there is a name. */
function listGrants(roles: readonly string[], { policy }: ScopeMachine): readonly string[] {
  const known = policy?.roles;
  if (known !== undefined && roles.length === 0)
    return ['no role, so nothing is granted: `token create --roles` gives a token some'];
  if (known === undefined) return roles.length === 0 ? [] : ['the config has no roles, so these grant nothing'];
  return roles.flatMap((role) => {
    if (!known.names.has(role)) return [`${role}: the config has no such role, so it grants nothing`];
    const scopes = known.scopesOf(role, { cwd: undefined, home: undefined, args: [] });
    return scopes.map(({ rule, grants, denies }) => {
      const show = (rules: typeof grants | typeof denies): string =>
        rules.map(({ kind, pattern }) => `${kind} ${makeInert(pattern)}`).join(', ') || 'nothing';
      return `${role}: ${rule} grants ${show(grants)}${denies.length === 0 ? '' : `; denies ${show(denies)}`}`;
    });
  });
}
