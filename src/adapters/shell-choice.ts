// Chooses the shell that runs the supervisor, and what of an environment survives a shell. Starts nothing.
import { existsSync } from 'node:fs';

export interface ShellChoice {
  readonly shell: string;
  /** Comes before `-c`. */
  readonly flags: readonly string[];
  readonly env: Record<string, string>;
  /** Names that the shell itself adds although `env` lacks them: the script unsets them again. */
  readonly added: readonly string[];
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A shell takes these for its own settings: a wrong value ends it (OPTIND), or stops it from running commands (SHELLOPTS=noexec). */
const shellSettings: ReadonlySet<string> = new Set(['OPTIND', 'SHELLOPTS', 'BASHOPTS']);

/** dash exports PWD unasked; bash also OLDPWD and SHLVL. */
const shellAdditions = ['PWD', 'OLDPWD', 'SHLVL'];

/**
 * `/bin/sh`, unless a name in `env` is no shell identifier (`npm_package_bin_a-b`, `spring.datasource.url`): dash and ash drop those, bash
 * keeps them. Where there is no bash they are lost. `-p` keeps bash from importing functions and start-up files out of `env`; `--norc` from
 * reading ~/.bashrc, which it does where stdin is a socket, as every pipe of node is.
 */
export function chooseShell(
  env: Readonly<Record<string, string>>,
  exists: (path: string) => boolean = existsSync,
): ShellChoice {
  const kept: Record<string, string> = Object.create(null);
  let odd = false;
  for (const [name, value] of Object.entries(env)) {
    if (shellSettings.has(name)) continue;
    odd ||= !identifier.test(name);
    kept[name] = value;
  }
  const added = shellAdditions.filter((name) => !(name in kept));
  const bash = odd ? ['/bin/bash', '/usr/bin/bash'].find((path) => exists(path)) : undefined;
  return bash === undefined
    ? { shell: '/bin/sh', flags: [], env: kept, added }
    : { shell: bash, flags: ['--norc', '-p'], env: kept, added };
}
