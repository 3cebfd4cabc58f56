// From the text of a config file to a document. The only importer of cosmiconfig, of which it takes the data loaders and
// nothing else: building one of its explorers runs `.config/config.js` and obeys `package.json` of the working directory
// (its "meta config", whatever loaders are given), and an explorer follows `$import` into other files. INVARIANT: no
// code of a config is ever executed, and one file is all that is read.
import { extname } from 'node:path';
import { defaultLoadersSync } from 'cosmiconfig';
import { GuardError } from '../guard-error.ts';
import type { Diagnostic } from './diagnostics.ts';
import { findDuplicateKeys } from './duplicate-keys.ts';
import { showPath } from './json-path.ts';
import { findJsonSlip } from './json-slips.ts';

export interface Parsing {
  /** Not to be used where there are diagnostics, but for finding more of them. */
  readonly document: unknown;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * JSON where the name ends in `.json`, YAML (of which JSON is a part) for `.yaml`, `.yml` and a name without an ending.
 * @throws GuardError `config_unparsable`; its text never quotes the file, which may hold a secret
 */
export function parseConfig(path: string, text: string): Parsing {
  const extension = extname(path);
  if (!['.json', '.yaml', '.yml', ''].includes(extension)) {
    throw new GuardError(
      'config_unparsable',
      `a config file cannot be \`*${extension}\`: only JSON and YAML are read`,
      {
        hint: 'write it as `.json`, `.yaml` or `.yml`; no code of a config is ever executed',
      },
    );
  }
  const isJson = extension === '.json';
  let document: unknown;
  try {
    document = defaultLoadersSync[isJson ? '.json' : '.yaml'](path, text);
  } catch (error) {
    const slip = isJson ? findJsonSlip(text) : undefined;
    const where = slip === undefined ? locate(error, text) : `: ${slip.why}${showPlace(text, slip.at)}`;
    throw new GuardError('config_unparsable', `cannot parse \`${path}\` as ${isJson ? 'JSON' : 'YAML'}${where}`, {
      hint: slip?.mend ?? 'mend its syntax there',
    });
  }
  // the YAML loader refuses duplicate keys by itself
  const duplicates = isJson ? findDuplicateKeys(text) : [];
  const diagnostics = duplicates.map((duplicate) => ({
    path: showPath(duplicate),
    what: 'key stands twice',
    why: 'the earlier one would be lost in silence',
    mend: 'remove one of the two',
  }));
  return { document, diagnostics };
}

/** `: reason at line 2, column 1`, as far as the parser says so. */
function locate(error: unknown, text: string): string {
  if (!(error instanceof Error)) return '';
  const reason = 'reason' in error && typeof error.reason === 'string' ? `: ${error.reason}` : '';
  if ('mark' in error && typeof error.mark === 'object' && error.mark !== null) {
    const { line, column } = { line: 0, column: 0, ...error.mark };
    return `${reason} at line ${line + 1}, column ${column + 1}`;
  }
  const position = / at position ([0-9]+)/.exec(error.message)?.[1];
  if (position === undefined) return reason === '' ? ': it ends too early' : reason;
  return `${reason}${showPlace(text, Number(position))}`;
}

function showPlace(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
