// Connects `scope lint` to this machine: its config, its state, its terminal.
import { extname, isAbsolute, relative, sep } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type ConfigPlace, explainIgnored, findConfigFile, showPlaces } from '../config/find-config.ts';
import { loadPolicy, readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { readShape } from '../config/read-shape.ts';
import { GuardError } from '../guard-error.ts';
import type { JsonObject } from '../wire/json.ts';
import { openCeilingsHere } from './ceilings-here.ts';
import { commandOptions } from './command-options.ts';
import { gatherLintInput } from './lint-facts.ts';
import { readConsent } from './read-consent.ts';
import { type LintSubject, runScopeLint } from './scope-lint.ts';
import { terminalIo } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

export interface LintFlags {
  readonly config?: string;
  readonly tenant: string;
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly maxWarnings?: string;
  readonly unusedDays?: string;
  readonly fix?: boolean;
  readonly fixUnused?: boolean;
  readonly yes?: boolean;
  readonly live?: boolean;
  readonly color: boolean;
}

export async function lint(flags: LintFlags): Promise<number> {
  const unusedDays = readCount('--unused-days', flags.unusedDays, 1, 3650);
  let asked: Promise<ReadonlyMap<string, string>> | undefined;
  const load = async (): Promise<LintSubject> => {
    // once: what a fix changes is not what servers offer
    if (flags.live === true) asked ??= askServers(flags);
    return loadSubject(flags, unusedDays, await asked);
  };
  return runScopeLint(
    { ...flags, maxWarnings: readCount('--max-warnings', flags.maxWarnings, 0, 1_000_000) },
    terminalIo(flags.color),
    { load, ask: readConsent().ask },
  );
}

/** @throws GuardError as `findPlace`, config_… (78), key_unusable (77) */
async function askServers({ config, tenant }: LintFlags): Promise<ReadonlyMap<string, string>> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const { lookHere } = await import('./live-here.ts');
  const { wallMs: nowMs } = systemClock.now();
  return lookHere(findPlace(config, stateDir), {
    env,
    uid: process.getuid?.(),
    stateDir,
    tenant,
    nowMs,
    ceilings: await openCeilingsHere(),
  });
}

/** @throws GuardError usage where there is no config */
function findPlace(config: string | undefined, stateDir: string): ConfigPlace {
  const { env } = process;
  const cwd = process.cwd();
  const finding = findConfigFile({ flag: config, env, cwd, readAllowed: () => readAllowedConfigs(stateDir) });
  const { place } = finding;
  if (place === undefined) {
    const seen = finding.ignored === undefined ? '' : `; ${explainIgnored(finding.ignored)}`;
    throw new GuardError('usage', `there is no config to look at; looked for: ${showPlaces({ env, cwd })}`, {
      hint: `name one with \`--config FILE\`${seen}`,
    });
  }
  return place;
}

/** @throws GuardError usage where there is no config, config_… (78) where it cannot be used */
async function loadSubject(
  flags: Pick<LintFlags, 'config' | 'tenant'>,
  unusedDays: number | undefined,
  notAsked: ReadonlyMap<string, string> | undefined,
): Promise<LintSubject> {
  const { env } = process;
  const uid = process.getuid?.();
  const stateDir = resolveStateDir(env);
  const place = findPlace(flags.config, stateDir);
  const { text, digest } = readConfigFile(place, uid);
  // what was read is what is compiled, whatever happens to the file meanwhile
  const portsFor = await loadPortsFor();
  const policy = loadPolicy({ ...place, digest }, { env, uid, portsFor });
  const { document } = parseConfig(place.path, text);
  const shape = readShape(document);
  const notes: string[] = [];
  const input = gatherLintInput({
    policy,
    // it has been compiled, so it is JSON
    document: document as JsonObject,
    lint: shape.ok ? shape.config.lint : undefined,
    stateDir,
    tenant: flags.tenant,
    commandOptions: commandOptions({ ...place, path: shortPath(place.path, process.cwd()) }, flags.tenant),
    nowMs: systemClock.now().wallMs,
    unusedDays,
    notAsked,
    ports: portsFor(undefined),
    machine: await openCeilingsHere(),
    say: (said) => notes.push(said),
  });
  return {
    path: place.path,
    uri: uriOf(place.path, process.cwd()),
    text,
    isJson: extname(place.path) === '.json',
    input,
    notes,
    isUnchanged: () => readConfigFile(place, uid).digest === digest,
  };
}

/** From here where it lies below, so that a report says the same on every machine. */
function shortPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return below !== '' && !below.startsWith('..') && !isAbsolute(below) ? below : path;
}

/** Code scanning wants paths as they stand in the repository. */
function uriOf(path: string, cwd: string): string {
  const short = shortPath(path, cwd);
  const isBelow = !isAbsolute(short);
  const words = short.split(sep).map(encodeURIComponent).join('/');
  return isBelow ? words : `file://${words.startsWith('/') ? '' : '/'}${words}`;
}

function readCount(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new GuardError('usage', `\`${option} ${text}\` is no number from ${least} to ${most}`, {
    hint: `write it as \`${option} ${least === 0 ? 10 : 30}\``,
  });
}
