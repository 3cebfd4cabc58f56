// What a command is about to write into a config, checked first. INVARIANT: it means what was there and what is shown, nothing else; and it
// is a config that `run` takes. Writes nothing.
import { countErrors, type Diagnostic, showDiagnostic } from '../config/diagnostics.ts';
import { GuardError } from '../guard-error.ts';
import type { Json } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';

export interface ToWrite {
  readonly text: string;
  /** What `text` is to mean. */
  readonly document: Json;
  /** As a person would add it. */
  readonly added: string;
}

export interface WrittenChecks {
  readonly path: string;
  /** @throws where the text is none of its language */
  readonly parse: (text: string) => Json | undefined;
  readonly check: (document: Json) => readonly Diagnostic[];
  /** What a person can do where it cannot be added to; what is to be added follows. */
  readonly byHand: string;
}

/** @throws GuardError config_unwritable, config_invalid */
export function checkWritten({ text, document, added }: ToWrite, { path, parse, check, byHand }: WrittenChecks): void {
  if (!isSameJson(tryParse(text, parse), document)) {
    throw new GuardError('config_unwritable', `\`${path}\` is written in a form that cannot be added to`, {
      hint: `${byHand}:\n${added}`,
    });
  }
  const diagnostics = check(document);
  if (diagnostics.length === 0) return;
  const lines = diagnostics.map((diagnostic) => `  ${showDiagnostic(diagnostic)}`);
  throw new GuardError(
    'config_invalid',
    [`with it \`${path}\` would have ${countErrors(diagnostics)}:`, ...lines].join('\n'),
    { hint: 'mend them, then try again; nothing was written' },
  );
}

function tryParse(text: string, parse: WrittenChecks['parse']): Json | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
