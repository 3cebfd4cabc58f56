// Starts no server, but decides how one of a tenant is started: at which level, as whom, where, behind which prefix. Puts the rooms
// together; loaded only where a server is confined. INVARIANT: what is required and cannot be had ends in an error, never in less.
import * as fs from 'node:fs';
import type { ForeignPlace } from '../config/foreign-places.ts';
import type { IsolationPolicy } from '../config/isolation-policy.ts';
import { findLaunched } from '../config/launched-code.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import { GuardError } from '../guard-error.ts';
import { openTenantScope } from '../tenant/tenant-scope.ts';
import { showInert } from '../wire/inert-text.ts';
import { type Sandbox, sandboxPrefix } from './bubblewrap.ts';
import { findClosed } from './closed-directory.ts';
import { resolveCommand } from './command-path.ts';
import { makeGateDirectory } from './gate-directory.ts';
import { closeInherited } from './inherited-descriptors.ts';
import { canEnter, findUser, type Offer, probeSandbox, probeUsers } from './isolation-probe.ts';
import { filterPrefix, writeKeyFilter } from './key-filter.ts';
import { bridgeEnvironment, bridgePrefix, GATE_INSIDE } from './network-bridge.ts';
import { openNetworkGate } from './network-gate.ts';
import { type NetworkRuntime, probeNetworkRuntime } from './network-gate-probe.ts';
import { listHidden, listLost, type UnapprovedPlaces } from './sandbox-notes.ts';
import { keyringPrefix } from './session-keyring.ts';
import { createJudge, listOutermost } from './shown-places.ts';
import { limitPrefix, userPrefix } from './start-prefix.ts';
import { makeGatesPlace, makeTenantPlaces, type ServerUser, type TenantPlaces } from './tenant-places.ts';
import { claimUser } from './user-claims.ts';

export interface ConfineInput {
  readonly stateDir: string;
  readonly tenant: string;
  /** Of the config. */
  readonly server: string;
  readonly isolation: IsolationPolicy;
  /** The strongest that config, tenant and ceilings ask for, and who asks. */
  readonly required: { readonly level: IsolationLevel; readonly by: string };
  readonly uid: number | undefined;
  /** Where the servers of this tenant write, all of them: another one may have replaced what this one is shown. */
  readonly writable?: readonly string[];
  /** What other tenants have been given. */
  readonly foreign?: readonly ForeignPlace[];
  /** Of its `readable` and `writable`: shown to nobody yet. */
  readonly unapproved?: UnapprovedPlaces | undefined;
  readonly platform?: NodeJS.Platform;
  /** The machine's way out, without anybody's password: for a gate to the network. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Who is told what a gate to the network refused. attacker-controlled, made inert. */
  readonly say?: (text: string) => void;
  /** Given by tests. */
  readonly probes?: Partial<Probes>;
}

export interface Probes {
  readonly users: typeof probeUsers;
  readonly sandbox: typeof probeSandbox;
  readonly runtime: typeof probeNetworkRuntime;
  readonly gate: typeof openNetworkGate;
  readonly userNamed: typeof findUser;
  readonly claim: typeof claimUser;
}

export interface Confinement {
  /** That holds, for the record. */
  readonly level: IsolationLevel;
  readonly places: TenantPlaces;
  /** What goes before a command that is started in `cwd`. @throws GuardError isolation_unavailable */
  prefixFor(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): StartPrefix;
}

export interface StartPrefix {
  readonly words: readonly string[];
  /** Beside the environment that was given. */
  readonly env: Readonly<Record<string, string>>;
  /** For stderr. */
  readonly notes: readonly string[];
}

/** In the place of a sandbox: starts nothing, whatever stands behind it. */
const NEVER: readonly string[] = [
  '/bin/sh',
  '-c',
  'echo "mcp-guard: its program was not there when its sandbox was made: start a new session" >&2; exit 126',
  'mcp-guard-never',
];

/** @throws GuardError isolation_unavailable; StatePathError; an error of the file system */
export async function confineServer(input: ConfineInput): Promise<Confinement> {
  const { isolation, required, uid, platform = process.platform, probes } = input;
  const refuse = (why: string, hint: string): GuardError =>
    new GuardError(
      'isolation_unavailable',
      `\`${input.server}\` of the tenant \`${input.tenant}\` needs isolation ${required.level} (${required.by}), and ${why}`,
      { hint },
    );
  const scope = openTenantScope(input.stateDir, input.tenant);
  const domains = readDomains(isolation, required.level, refuse);
  const runtime = required.level === 'L3' ? (probes?.runtime ?? probeNetworkRuntime)(platform) : undefined;
  if (runtime?.kind === 'missing') throw refuse(runtime.why, 'mend that, or require `L2` at most');
  const isBoxed = required.level === 'L2' || runtime !== undefined;
  const named = isolation.uid === undefined ? undefined : { uid: isolation.uid, gid: isolation.gid ?? isolation.uid };
  // A user that is written down is used at every level; L1 is nothing else. Root in a sandbox would still own the files of the kernel.
  const wanted = required.level === 'L1' || named !== undefined || (isBoxed && uid === 0);
  const users: Offer | undefined = wanted ? (probes?.users ?? probeUsers)(platform, uid) : undefined;
  if (users?.kind === 'missing')
    throw refuse(users.why, 'start the guard as root, or take `uid` and `L1` out of `isolation`');
  const user = wanted ? (named ?? (probes?.userNamed ?? findUser)(`mcpg-${input.tenant}`)) : undefined;
  if (wanted && user === undefined)
    throw refuse('has no user of its own', `set \`isolation.uid\`, or make a system user \`mcpg-${input.tenant}\``);
  if (user !== undefined && user.uid === uid)
    throw refuse('its user is the guard’s own', 'give it another `isolation.uid`');
  // Before anything runs as that user: what it has left running could reach into it. The keyring is root's to join for the same reason.
  closeInherited();
  if (user !== undefined) (probes?.claim ?? claimUser)(scope, user.uid);
  const asUser =
    users === undefined || user === undefined ? [] : [...keyringPrefix(), ...userPrefix(users.program, user)];
  const sandbox = isBoxed ? (probes?.sandbox ?? probeSandbox)(platform, asUser) : undefined;
  if (sandbox?.kind === 'missing') throw refuse(sandbox.why, 'mend that, or require less');
  const places = makeTenantPlaces(scope, input.server, user);
  const level = runtime !== undefined ? 'L3' : sandbox !== undefined ? 'L2' : user !== undefined ? 'L1' : 'L0';
  const filter = sandbox === undefined ? '' : writeKeyFilter(scope.homes.directory);
  const way =
    runtime === undefined || sandbox === undefined || domains.length === 0
      ? undefined
      : await openWay({ ...input, asUser }, { runtime, bwrap: sandbox.program, filter, domains }, () =>
          makeGateDirectory(makeGatesPlace(scope), user),
        );
  return {
    level,
    places,
    prefixFor: (command, args, cwd, env) => {
      if (platform === 'win32') return { words: [], env: {}, notes: [] };
      const program = resolveCommand(command, env.PATH, cwd);
      const limits = { ...isolation, processes: user === undefined ? undefined : isolation.processes };
      const inner = limitPrefix(limits, places.needed, sandbox === undefined ? cwd : '.');
      const notes = listLost(env);
      if (user !== undefined && cwd !== places.work) refuseClosed(input, cwd, user, asUser);
      if (sandbox === undefined) return { words: [...asUser, ...inner], env: {}, notes };
      // a server of the same tenant may put it there before it is started: there is no sandbox that shows it
      if (!program.found) return { words: NEVER, env: {}, notes };
      const offline = checkFirstStart(input, places, command, args);
      const own = [places.home, places.work];
      const shown = listOutermost([...own, cwd, ...isolation.writable], isolation.readable);
      const judge = createJudge({
        ...{ server: input.server, tenant: input.tenant, uid, own, closed: [scope.stateDir, scope.homes.root] },
        ...{ writable: [...isolation.writable, cwd, ...(input.writable ?? [])], foreign: input.foreign ?? [] },
      });
      const words = sandboxPrefix({
        // at L3 all of it comes through the gate
        ...{ bwrap: sandbox.program, network: level === 'L2' && isolation.network === true, hostname: input.tenant },
        ...{ cwd, program: program.path, ...shown, placed: way?.placed ?? [] },
        ...{ judge, memoryBytes: isolation.memoryBytes },
      });
      return {
        words: [...filterPrefix(filter), ...asUser, ...words, ...inner, ...(way?.words ?? [])],
        env: { ...offline, ...way?.env },
        notes: [...notes, ...listHidden(args, [...shown.writable, ...shown.readable], input.unapproved)],
      };
    },
  };
}

/**
 * At L3 each domain that is permitted, or none; below it there are none to keep to.
 * INVARIANT: what names domains is never started where they would not hold.
 */
function readDomains(
  { network }: IsolationPolicy,
  level: IsolationLevel,
  refuse: (why: string, hint: string) => GuardError,
): readonly string[] {
  if (level === 'L3') {
    if (network !== true) return network === false ? [] : network;
    throw refuse('`isolation.network` is `true`, which is every domain', 'list the domains in `isolation.network`');
  }
  if (typeof network === 'boolean') return [];
  throw refuse('`isolation.network` lists domains, which hold at `L3` only', 'set `isolation.required` to `L3`');
}

/** What starts the server enters it last and could only say that it cannot. An access list may open what its mode closes: so it is tried. */
function refuseClosed(
  { server, tenant }: ConfineInput,
  cwd: string,
  user: ServerUser,
  asUser: readonly string[],
): void {
  const refuse = (why: string, hint: string): GuardError => {
    const what = `\`${server}\` of the tenant \`${tenant}\` works in \`${showInert(cwd)}\` (\`cwd\`), ${why}`;
    return new GuardError('isolation_unavailable', what, { hint });
  };
  if (!fs.existsSync(cwd)) throw refuse('which is not there', 'make it, or name another');
  const closed = findClosed(cwd, user);
  if (closed === undefined || canEnter(cwd, asUser)) return;
  throw refuse(
    `and its user ${user.uid} cannot enter \`${showInert(closed)}\``,
    'open that directory to it (mode 711), or take `cwd` out: then it works in a directory of its tenant',
  );
}

interface Way {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly placed: NonNullable<Sandbox['placed']>;
}

/** @throws GuardError isolation_unavailable */
async function openWay(
  { probes, proxies = {}, say = () => {}, asUser }: ConfineInput & { readonly asUser: readonly string[] },
  gate: {
    readonly runtime: NetworkRuntime;
    readonly bwrap: string;
    readonly filter: string;
    readonly domains: readonly string[];
  },
  makeDirectory: () => string,
): Promise<Way> {
  const { socket, token } = await (probes?.gate ?? openNetworkGate)({ ...gate, asUser, makeDirectory, proxies, say });
  return {
    words: bridgePrefix(gate.runtime.socat),
    env: bridgeEnvironment(token, gate.domains),
    // the socket alone: beside it lie those of this tenant's other sessions
    placed: [{ from: socket, to: GATE_INSIDE, isWritable: false }],
  };
}

/** What fetches its program at the first start needs the network once; afterwards it is told to do without. */
function checkFirstStart(
  { isolation, server, tenant }: ConfineInput,
  { home }: TenantPlaces,
  command: string,
  args: readonly string[],
): Readonly<Record<string, string>> {
  const launched = isolation.network !== false ? undefined : findLaunched(command, args);
  if (launched === undefined || /^(?:\.{0,2}\/|~)/.test(launched.spec)) return {};
  const kept = { npm: '.npm/_npx', python: '.cache/uv' }[launched.kind as string];
  if (kept !== undefined && fs.existsSync(`${home}/${kept}`)) return { npm_config_offline: 'true', UV_OFFLINE: '1' };
  throw new GuardError(
    'isolation_unavailable',
    `\`${server}\` of the tenant \`${tenant}\` fetches its program when it is first started, and has no network`,
    { hint: 'start it once with `isolation.network: true`, or install the program and name it in `command`' },
  );
}
