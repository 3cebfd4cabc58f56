// Connects the commands of `scope` to this machine: its config, its trail, its files, its terminal.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readNewestFirst } from '../adapters/recent-calls.ts';
import { codeOf } from '../adapters/state-paths.ts';
import { loadExternal } from '../adapters/trail-reader.ts';
import { countErrors, showDiagnostic } from '../config/diagnostics.ts';
import { showPlaces } from '../config/find-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import { suggestName } from './breaker-target.ts';
import { makeInert } from './inert-text.ts';
import { type PolicyCase, readCases } from './scope-cases.ts';
import { runScopeExplain, type ScopeExplainOptions } from './scope-explain.ts';
import { openScopeMachine, type ScopeMachine } from './scope-machine.ts';
import { replay } from './scope-replay.ts';
import { formatReplay, formatReplayJson } from './scope-replay-screen.ts';
import { runScopeShow } from './scope-show.ts';
import { runScopeTest } from './scope-test.ts';
import { readStateTrail } from './state-trail.ts';
import { readSince } from './tail-filter.ts';
import { terminalIo } from './terminal.ts';

interface Shared {
  readonly tenant: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

const MAX_CASES_BYTES = 4_194_304;
const WORDS_OF_CODES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EACCES', 'this user may not'],
  ['EROFS', 'its file system is read-only'],
  ['EISDIR', 'it is a directory'],
]);

export async function show(
  server: string | undefined,
  flags: Shared & { readonly principal?: string; readonly role?: string },
): Promise<number> {
  const { config, tenant } = flags;
  const machine = await openScopeMachine(config, tenant, 'in_force');
  const io = terminalIo(flags.color);
  if (flags.principal === undefined && flags.role === undefined) return runScopeShow({ ...flags, server }, io, machine);
  const { showSubjects } = await import('./scope-show-subjects.ts');
  return showSubjects({ ...flags, server }, io, machine, (roles) =>
    openScopeMachine(config, tenant, 'in_force', roles),
  );
}

export async function explain(
  server: string,
  tool: string | undefined,
  flags: Shared &
    Pick<ScopeExplainOptions, 'args' | 'resource' | 'prompt' | 'request' | 'method'> & {
      readonly principal?: string;
      readonly role?: string;
    },
): Promise<number> {
  const { config, tenant } = flags;
  const machine = await openScopeMachine(config, tenant, 'in_force');
  const io = terminalIo(flags.color);
  const options = { ...flags, server, tool };
  if (flags.principal === undefined && flags.role === undefined) {
    const hasRoles = machine.policy?.auth?.required === true && machine.policy.roles !== undefined;
    return runScopeExplain(options, io, { ...machine, beside: hasRoles ? BEFORE_ROLES : undefined });
  }
  const { explainToSubjects } = await import('./scope-explain-subjects.ts');
  return explainToSubjects(options, io, machine, (roles) => openScopeMachine(config, tenant, 'in_force', roles));
}

const BEFORE_ROLES =
  'this is before the roles of a principal, which can only take away: ask with `--principal` or `--role`';

export async function test(file: string, flags: Omit<Shared, 'json'> & { readonly junit?: string }): Promise<number> {
  const machine = await openScopeMachine(flags.config, flags.tenant, 'as_written');
  // Without a config nothing is denied: every case that expects `allow` would hold, whatever it names.
  if (machine.policy === undefined) {
    const places = showPlaces({ env: process.env, cwd: process.cwd() });
    throw new GuardError('usage', 'there is no config to try the cases against', {
      hint: `name it with \`--config\`; looked for ${places}`,
    });
  }
  const { junit } = flags;
  return runScopeTest(
    { file, writeJunit: junit === undefined ? undefined : (text) => writeReport(junit, text) },
    loadCases(file, machine),
    terminalIo(flags.color),
    machine,
  );
}

export async function replayTrail(
  flags: Shared & { readonly since?: string; readonly server?: string; readonly as?: string },
): Promise<number> {
  const { tenant, since, server, as } = flags;
  if (as !== undefined && server === undefined) {
    throw new GuardError('usage', '`--as` needs `--server`', { hint: 'name the server whose record it is' });
  }
  const machine = await openScopeMachine(flags.config, tenant, 'as_written');
  const { stateDir, nowMs, policy, commandOptions } = machine;
  if (as !== undefined && policy !== undefined && !policy.servers.has(as)) {
    throw new GuardError('usage', `\`${policy.source.path}\` has no server \`${as}\` to judge them as`, {
      hint: suggestName(as, [...policy.servers.keys()]),
    });
  }
  const inForce = policy === undefined ? undefined : await openInForce(flags);
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : readSince(since, nowMs);
  const sum = readStateTrail(stateDir, tenant, () =>
    replay(
      {
        records: readNewestFirst(stateDir, tenant, sinceMs),
        server,
        as,
        inForce,
        loadText: ({ ref }, { digest, salt }) => {
          if (digest === undefined || salt === undefined) return undefined;
          const external = loadExternal(stateDir, tenant, ref.segment, digest, salt);
          return external.kind === 'ok' ? external.bytes.toString('utf8') : undefined;
        },
      },
      machine,
    ),
  );
  if (server !== undefined && !sum.servers.has(server) && policy?.servers.has(server) !== true) {
    throw new GuardError(
      'usage',
      `nothing of a server \`${server}\` is on record${since === undefined ? '' : ' since then'}`,
      {
        hint: suggestName(server, [...sum.servers]),
      },
    );
  }
  const heading = { policy: policy?.source.path, server, as, commandOptions };
  const io = terminalIo(flags.color);
  io.stdout.write(flags.json === true ? formatReplayJson(sum, heading) : formatReplay(sum, heading, io));
  return 0;
}

/** What the lock says of the same policy; where that cannot be told, it is said. */
async function openInForce({ config, tenant }: Shared): Promise<ScopeMachine | undefined> {
  try {
    return await openScopeMachine(config, tenant, 'in_force');
  } catch (error) {
    if (!isGuardError(error)) throw error;
    process.stderr.write(`mcp-guard: ${makeInert(`what waits for an approval cannot be told: ${error.message}`)}\n`);
    return undefined;
  }
}

/** @throws GuardError cases_unreadable, cases_invalid */
function loadCases(file: string, { policy }: ScopeMachine): readonly PolicyCase[] {
  const path = resolve(file);
  const servers = policy === undefined ? undefined : [...policy.servers.keys()];
  const reading = readCases(parseCases(path), servers);
  if (reading.ok) return reading.cases;
  const lines = reading.diagnostics.map((diagnostic) => `  ${showDiagnostic(diagnostic)}`);
  throw new GuardError('cases_invalid', [`\`${file}\` has ${countErrors(reading.diagnostics)}:`, ...lines].join('\n'), {
    hint: 'the form of a case stands in docs/scopes.md',
  });
}

function parseCases(path: string): unknown {
  const { document, diagnostics } = parseConfig(path, readText(path));
  if (diagnostics.length === 0) return document;
  throw new GuardError('cases_invalid', `\`${path}\` is ambiguous: ${diagnostics.map(showDiagnostic).join('; ')}`);
}

function readText(path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > MAX_CASES_BYTES) throw new Error(`it is larger than ${MAX_CASES_BYTES} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const code = codeOf(error);
    const why =
      code === undefined
        ? error instanceof Error
          ? error.message
          : String(error)
        : (WORDS_OF_CODES.get(code) ?? code);
    throw new GuardError('cases_unreadable', `cannot read the policy cases of \`${path}\`: ${why}`, {
      cause: error,
      hint: 'name a JSON or YAML file in UTF-8',
    });
  }
}

/** @throws GuardError report_unwritable */
function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    const why = WORDS_OF_CODES.get(code) ?? code;
    throw new GuardError('report_unwritable', `cannot write \`${path}\`: ${why}`, {
      cause: error,
      hint: 'name a file in a directory that exists and that you may write to',
    });
  }
}
