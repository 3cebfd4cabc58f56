// Turns the references in a server's `env` into values, at the moment it is spawned. TRUST: what it returns is secret: it
// goes to the one child and nowhere else; no error text quotes a value.
import { isUtf8 } from 'node:buffer';
import { GuardError } from '../guard-error.ts';
import type { EnvValue } from './env-value.ts';
import { isMachineName } from './environment.ts';
import { readTrustedFile } from './trusted-file.ts';

const MAX_SECRET_BYTES = 65_536;

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  /** By variable: what programs and keychains gave (adapters/secret-providers.ts); absent where they were not asked. */
  readonly provided?: Readonly<Record<string, string>>;
  /** Where servers write, absolute: no file there is taken for a secret. */
  readonly writable?: readonly string[] | undefined;
}

/** @throws GuardError `secret_unresolved` or `secret_untrusted`, naming the variable and the reference */
export function resolveEnv(env: Readonly<Record<string, EnvValue>>, sources: SecretSources): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, resolveValue(name, value, sources)]));
}

/**
 * The variables whose values are secrets, with their values: what must be masked wherever it turns up. All but what stands in the config
 * itself, so also what `passEnv` hands on and what `${NAME}` puts into a value, unless every clean environment has it.
 */
export function listSecrets(
  env: Readonly<Record<string, EnvValue>>,
  resolved: Readonly<Record<string, string>>,
  passed: Readonly<Record<string, string>> = {},
): readonly { readonly name: string; readonly value: string }[] {
  const handedOn = Object.entries(passed).flatMap(([name, value]) => (isMachineName(name) ? [] : [{ name, value }]));
  const written = Object.entries(env).flatMap(([name, reference]) => {
    if (reference.kind === 'literal') return (reference.taken ?? []).map((value) => ({ name, value }));
    const value = resolved[name];
    return value === undefined ? [] : [{ name, value }];
  });
  return [...written, ...handedOn];
}

/** Whether programs or keychains have to be asked (adapters/secret-providers.ts). */
export function needsProviders(env: Readonly<Record<string, EnvValue>>): boolean {
  return Object.values(env).some(({ kind }) => kind === 'exec' || kind === 'keychain');
}

function resolveValue(name: string, value: EnvValue, sources: SecretSources): string {
  if (value.kind === 'literal') return value.text;
  if (value.kind === 'env') {
    const found = Object.hasOwn(sources.env, value.name) ? sources.env[value.name] : undefined;
    if (found !== undefined && found !== '') return found;
    throw new GuardError('secret_unresolved', `\`${name}\` needs \`env:${value.name}\`, which is not set or empty`, {
      hint: `set \`${value.name}\` where the guard is started`,
    });
  }
  if (value.kind === 'exec' || value.kind === 'keychain') {
    const given = sources.provided;
    if (given !== undefined && Object.hasOwn(given, name) && given[name] !== undefined) return given[name];
    // INVARIANT: whoever starts a server has asked first; a reference never reaches it as text
    throw new GuardError('secret_unresolved', `\`${name}\` needs \`${value.kind}:…\`, and nobody was asked for it`);
  }
  const read = readTrustedFile(value.path, {
    ...{ uid: sources.uid, maxBytes: MAX_SECRET_BYTES, secret: true, writable: sources.writable },
  });
  if (read.kind === 'untrusted') {
    throw new GuardError('secret_untrusted', `\`${name}\` needs \`file:${value.path}\`, but ${read.why}`, {
      hint: read.mend,
    });
  }
  if (read.kind !== 'read') {
    const why = read.kind === 'absent' ? 'it does not exist' : read.why;
    throw new GuardError('secret_unresolved', `\`${name}\` needs \`file:${value.path}\`, but ${why}`, {
      hint: 'write the secret there, with mode 600',
    });
  }
  const text = read.bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text !== '' && !/[\0\r\n]/.test(text) && isUtf8(read.bytes)) return text;
  throw new GuardError(
    'secret_unresolved',
    `\`${name}\` needs \`file:${value.path}\`, but it does not hold one line of text`,
    {
      hint: 'write the secret there as one line of UTF-8',
    },
  );
}
