// From the text of a config file to a document. The only importer of cosmiconfig, of which it takes the data loaders and
// nothing else: building one of its explorers runs `.config/config.js` and obeys `package.json` of the working directory
// (its "meta config", whatever loaders are given), and an explorer follows `$import` into other files. INVARIANT: no
// code of a config is ever executed, and one file is all that is read.
import { extname } from 'node:path';
import { defaultLoadersSync } from 'cosmiconfig';
import { GuardError } from '../guard-error.ts';
import type { Diagnostic } from './diagnostics.ts';
import { findDuplicateKeys } from './duplicate-keys.ts';
import { findJsonFault } from './json-fault.ts';
import { showPath } from './json-path.ts';
import { findJsonSlip, type JsonSlip } from './json-slips.ts';
import { explainYamlReason } from './yaml-reasons.ts';

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
    const { where, mend } = isJson ? locateInJson(text) : { where: locateInYaml(error), mend: undefined };
    throw new GuardError('config_unparsable', `cannot parse \`${path}\` as ${isJson ? 'JSON' : 'YAML'}${where}`, {
      hint: mend ?? 'mend its syntax there',
    });
  }
  // the YAML loader refuses duplicate keys by itself
  const duplicates = isJson ? findDuplicateKeys(text, document) : [];
  const diagnostics = duplicates.map((duplicate) => ({
    path: showPath(duplicate),
    what: 'key stands twice',
    why: 'the earlier one would be lost in silence',
    mend: 'remove one of the two',
  }));
  return { document, diagnostics };
}

/** `: reason at line 2, column 1`. Nothing of the parser's own message is used: it may quote the text. */
function locateInJson(text: string): { where: string; mend?: string | undefined } {
  const fault = findJsonFault(text);
  if (fault === undefined) return { where: '' };
  const slip = findJsonSlip(text);
  // one further on is not what the parser stumbled over
  const found: Partial<JsonSlip> & typeof fault = slip === undefined || slip.at > fault.at ? fault : slip;
  return { where: `: ${found.why}${showPlace(text, found.at)}`, mend: found.mend };
}

/** The same, as far as the parser says so; a reason only where it is one of those that quote nothing. */
function locateInYaml(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const said = 'reason' in error ? explainYamlReason(error.reason) : undefined;
  const reason = said === undefined ? '' : `: ${said}`;
  if (!('mark' in error) || typeof error.mark !== 'object' || error.mark === null) return reason;
  const { line, column } = { line: 0, column: 0, ...error.mark };
  return `${reason} at line ${line + 1}, column ${column + 1}`;
}

function showPlace(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
