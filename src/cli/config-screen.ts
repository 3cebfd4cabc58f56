// The errors and notes of a config as a screen shows them: wrapped to its width, a blank line between two, rules once at
// the end. What a config holds is shown inert.
import { countErrors, type Diagnostic, listRules, showFault } from '../config/diagnostics.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { measureText } from './text-width.ts';

/** Every line ended. @param path of the file @param columns the width to keep to; a longer word is not cut */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  path: string,
  columns: number,
  paint: Paint,
): string {
  const errors = diagnostics.map((diagnostic) => {
    const rows = [showFault(diagnostic), diagnostic.mend].map((text) => wrapText(makeInert(text), columns, '  '));
    return [paint('strong', makeInert(diagnostic.path)), ...rows, ''].join('\n');
  });
  const rules = listRules(diagnostics).map((rule) => `\n${wrapText(`(${makeInert(rule)})`, columns, '')}`);
  return [...errors, `${paint('bad', countErrors(diagnostics))} in ${makeInert(path)}`, ...rules, ''].join('\n');
}

/** One paragraph, ended. */
export function formatNote(text: string, columns: number, paint: Paint): string {
  const wrapped = wrapText(`note: ${makeInert(text)}`, columns, '  ').trimStart();
  return `${paint('warn', 'note')}${wrapped.slice('note'.length)}\n`;
}

/** Breaks at blanks, each line begun with `indent`. Expects inert text. */
export function wrapText(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && measureText(indent + longer) > columns) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line].join('\n');
}
