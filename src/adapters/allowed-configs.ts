// Which project's config files `config allow` has allowed: the record of it, as a document in the state directory.
// Reading it is cheap and imports nothing heavy, since every `run` without a named config asks.
// TRUST: whoever can write this user's state directory can allow a file; the threat model says so.
import { join } from 'node:path';
import type { AllowedConfig } from '../config/find-config.ts';
import { GuardError } from '../guard-error.ts';
import { readPrivateFile } from './durable-file.ts';

export interface AllowedDocument {
  readonly version: 1;
  readonly allowed: readonly AllowedConfig[];
}

export const NOTHING_ALLOWED: AllowedDocument = { version: 1, allowed: [] };
const MAX_BYTES = 4_194_304;

export function allowedConfigsPath(stateDir: string): string {
  return join(stateDir, 'allowed-configs.json');
}

/** @throws GuardError `state_unusable`: a record that cannot be read must not look like one that allows nothing */
export function readAllowedConfigs(stateDir: string): readonly AllowedConfig[] {
  const path = allowedConfigsPath(stateDir);
  const unusable = (cause: unknown, why: string): GuardError =>
    new GuardError('state_unusable', `cannot tell which project configs are allowed: \`${path}\` ${why}`, {
      cause,
      hint: 'name the config with `--config`, or mend the record with `mcp-guard config allow`',
    });
  let bytes: Buffer | undefined;
  try {
    bytes = readPrivateFile(path, MAX_BYTES);
  } catch (error) {
    throw unusable(error, 'cannot be read');
  }
  if (bytes === undefined) return [];
  let document: AllowedDocument | undefined;
  try {
    document = checkAllowed(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw unusable(error, 'is not JSON');
  }
  if (document === undefined) throw unusable(undefined, 'does not have its schema');
  return document.allowed;
}

/** An untyped value → the document, or undefined where it is none. */
export function checkAllowed(value: unknown): AllowedDocument | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined;
  if (!('allowed' in value) || !Array.isArray(value.allowed)) return undefined;
  const allowed: AllowedConfig[] = [];
  // untyped input: each entry is looked at by hand
  for (const entry of value.allowed as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null || !('path' in entry) || !('digest' in entry)) return undefined;
    const { path, digest } = entry;
    if (typeof path !== 'string' || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
    allowed.push({ path, digest });
  }
  return { version: 1, allowed };
}
