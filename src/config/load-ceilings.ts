// Reads the ceiling files and compiles them. Imported only where there is one. Knows neither how they were found nor who obeys.
// INVARIANT: a ceiling that cannot be read, trusted or understood throws: what it would have taken away is not known, so nothing starts.
import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GuardError } from '../guard-error.ts';
import type { CeilingFile, Ceilings } from './ceilings.ts';
import { type Ceiling, compileCeiling } from './compile-ceiling.ts';
import type { PortsFor } from './compile-scope.ts';
import { countErrors, listRules, showDiagnostic } from './diagnostics.ts';
import type { CeilingPlace } from './find-ceilings.ts';
import { parseConfig } from './parse-config.ts';
import { readTrustedFile, type TrustedRead } from './trusted-file.ts';

const MAX_BYTES = 1_048_576;
const ROOT = 0;

export interface CeilingContext {
  /** Of the user; undefined where the platform has none: then no owner is checked. */
  readonly uid: number | undefined;
  readonly portsFor?: PortsFor;
}

/** @throws GuardError ceiling_missing, ceiling_unreadable, ceiling_untrusted, ceiling_invalid, config_unparsable (78) */
export function loadCeilings(places: readonly CeilingPlace[], context: CeilingContext): Ceilings {
  const files: CeilingFile[] = [];
  const loaded = places.map((place, index): Ceiling => {
    const { ceiling, digest } = loadOne(place, index === 0 ? 'ceiling' : `ceiling-${index + 1}`, context);
    files.push({ path: place.path, digest });
    return ceiling;
  });
  const named = loaded.flatMap(({ approvers }) => (approvers === undefined ? [] : [approvers]));
  const [first, ...others] = named;
  return {
    files,
    restrictions: loaded.flatMap(({ restrictions }) => restrictions),
    lock: loaded.some(({ lock }) => lock === 'required') ? 'required' : 'first-use',
    approvers: first?.filter((key) => others.every((keys) => keys.includes(key))),
  };
}

function loadOne(place: CeilingPlace, word: string, context: CeilingContext): { ceiling: Ceiling; digest: string } {
  const { path } = place;
  const bytes = readBytes(place, context.uid);
  const { document, diagnostics: doubts } = parseConfig(path, decode(path, bytes));
  const compiled = compileCeiling({ document, by: path, word, portsFor: context.portsFor });
  const diagnostics = [...doubts, ...(compiled.ok ? [] : compiled.diagnostics)];
  if (compiled.ok && diagnostics.length === 0)
    return { ceiling: compiled.ceiling, digest: createHash('sha256').update(bytes).digest('hex') };
  const lines = [...diagnostics.map(showDiagnostic), ...listRules(diagnostics)].map((line) => `  ${line}`);
  throw new GuardError(
    'ceiling_invalid',
    [`the ceiling \`${path}\` has ${countErrors(diagnostics)}, so nothing starts:`, ...lines].join('\n'),
    {
      hint:
        place.origin === 'system' ? 'ask who administers this machine to mend it' : 'mend them; see docs/ceilings.md',
    },
  );
}

/** TRUST: what restricts everybody on a machine can have been written by its administrator alone; an additional one by this user, too. */
function readBytes({ path, origin }: CeilingPlace, uid: number | undefined): Buffer {
  const isSystem = origin === 'system';
  const read = readTrustedFile(path, {
    uid: uid === undefined ? undefined : isSystem ? ROOT : uid,
    maxBytes: MAX_BYTES,
    secret: false,
  });
  const doubt = read.kind === 'read' && isSystem && uid !== undefined ? doubtPlace(path) : undefined;
  const reading = doubt ?? read;
  switch (reading.kind) {
    case 'read':
      return reading.bytes;
    case 'absent':
      throw new GuardError('ceiling_missing', `there is no ceiling \`${path}\`, so nothing starts`, {
        hint: isSystem ? 'put back what its link leads to' : 'check the path in `MCP_GUARD_CEILING`, or unset it',
      });
    case 'unreadable':
      throw new GuardError('ceiling_unreadable', `cannot read the ceiling \`${path}\`: ${reading.why}`, {
        hint: 'let it be a regular file of at most 1 MiB that everybody can read',
      });
    case 'untrusted':
      throw new GuardError('ceiling_untrusted', `the ceiling \`${path}\` cannot be trusted: ${reading.why}`, {
        hint: `as ${isSystem ? 'root' : 'its owner'}, ${reading.mend}`,
      });
  }
}

/** Who can write the directory can put another file in its place: of the link, and of what it leads to. */
function doubtPlace(path: string): TrustedRead | undefined {
  for (const directory of new Set([dirname(path), dirname(realpathSync(path))])) {
    const { uid, mode } = statSync(directory);
    if (uid !== ROOT)
      return {
        kind: 'untrusted',
        why: `\`${directory}\` belongs to user ${uid}`,
        mend: `chown \`${directory}\` to user 0`,
      };
    if ((mode & 0o022) !== 0)
      return {
        kind: 'untrusted',
        why: `the group of \`${directory}\` or everybody can write it`,
        mend: `run \`chmod go-w\` on \`${directory}\``,
      };
  }
  return undefined;
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new GuardError('ceiling_unreadable', `the ceiling \`${path}\` is no valid UTF-8`, {
      hint: 'save it as UTF-8',
    });
  }
}
