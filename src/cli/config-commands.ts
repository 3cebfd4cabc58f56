// Connects `config check` and `config allow` to this machine: its files, its terminal, its user.
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { findConfigFile } from '../config/find-config.ts';
import { openCeilingsHere } from './ceilings-here.ts';
import { type ConfigAllowOptions, runConfigAllow } from './config-allow.ts';
import { type ConfigCheckOptions, runConfigCheck } from './config-check.ts';
import { readConsent } from './read-consent.ts';
import { terminalIo } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

interface Colored {
  readonly color: boolean;
}

export async function check(flags: ConfigCheckOptions & Colored & { readonly config?: string }): Promise<number> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const readAllowed = () => readAllowedConfigs(stateDir);
  const cwd = process.cwd();
  const finding = findConfigFile({ flag: flags.config, env, cwd, readAllowed });
  return runConfigCheck(flags, terminalIo(flags.color), finding, {
    env,
    uid: process.getuid?.(),
    ...{ cwd, stateDir },
    portsFor: await loadPortsFor(),
    ceilings: await openCeilingsHere(),
  });
}

export async function allow(
  file: string | undefined,
  flags: Omit<ConfigAllowOptions, 'file'> & Colored,
): Promise<number> {
  const { env } = process;
  return runConfigAllow({ ...flags, file }, terminalIo(flags.color), {
    env,
    uid: process.getuid?.(),
    cwd: process.cwd(),
    portsFor: await loadPortsFor(),
    stateDir: resolveStateDir(env),
    nowMs: () => systemClock.now().wallMs,
    consent: readConsent(),
  });
}
