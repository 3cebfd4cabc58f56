// The findings of `scope lint` as a screen shows them: by server, wrapped to its width, and as one JSON value. Judges nothing.
import { countOf } from '../policy/lint/finding.ts';
import type { LintReport, RatedFinding } from '../policy/lint/lint.ts';
import { stringifyInert } from './call-json.ts';
import { wrapText } from './config-screen.ts';
import { makeInert } from './inert-text.ts';
import type { Locate } from './lint-place.ts';
import type { Paint } from './render.ts';
import { measureText } from './text-width.ts';

export interface LintView {
  /** Of the config, as it was found. */
  readonly path: string;
  readonly report: LintReport;
  readonly locate: Locate;
  readonly showPath: (path: RatedFinding['path']) => string;
}

const SEVERAL = '(all servers)';
const INDENT = '         ';

export function formatLint({ path, report, locate, showPath }: LintView, columns: number, paint: Paint): string {
  const groups = new Map<string, RatedFinding[]>();
  for (const finding of report.findings) {
    const key = finding.server ?? SEVERAL;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const names = [...groups.keys()].filter((name) => name !== SEVERAL);
  const ordered = groups.has(SEVERAL) ? [...names, SEVERAL] : names;
  const blocks = ordered.map((name) => {
    const rows = (groups.get(name) ?? []).map((finding) => formatFinding(finding));
    return `${paint('strong', makeInert(name))}\n${rows.join('')}`;
  });

  function formatFinding({ rule, severity, path: at, text, mend }: RatedFinding): string {
    const word = severity === 'error' ? paint('bad', 'error') : paint('warn', 'warn');
    const line = locate(at)?.line;
    const place = makeInert(showPath(at)) + (line === undefined ? '' : `:${line}`);
    const head = `  ${word}${severity === 'error' ? '  ' : '   '}${rule}`;
    const width = 9 + rule.length + 2 + measureText(place);
    const first = width <= columns ? `${head}  ${paint('quiet', place)}` : `${head}\n${INDENT}${paint('quiet', place)}`;
    return [
      first,
      wrapText(makeInert(text), columns, INDENT),
      wrapText(makeInert(`→ ${mend}`), columns, INDENT),
      '',
    ].join('\n');
  }

  const { errors, warnings } = countFindings(report);
  const { suppressed, blind } = report;
  const hidden = suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`;
  const isClean = errors + warnings === 0;
  const total = isClean ? 'nothing found' : `${countOf(errors, 'error')}, ${countOf(warnings, 'warning')}`;
  const notes = blind.map((text) => `${wrapText(makeInert(`note: ${text}`), columns, '  ').trimStart()}\n`);
  const sum = `${paint(errors > 0 ? 'bad' : isClean ? 'good' : 'warn', total)}${hidden} in ${makeInert(path)}\n`;
  return [...blocks.map((block) => `${block}\n`), sum, ...notes].join('');
}

/** Keys are stable; absent values are left out. */
export function formatLintJson({ path, report, locate, showPath }: LintView): string {
  const view = ({ rule, severity, path: at, server, tool, text, mend, fix }: RatedFinding) => {
    const region = locate(at);
    const place = { at: showPath(at), line: region?.line, column: region?.column };
    return { rule, severity, server, tool, ...place, text, mend, fix: fix?.kind };
  };
  const { findings, suppressed, blind } = report;
  return stringifyInert({
    config: path,
    ...countFindings(report),
    findings: findings.map(view),
    suppressed: suppressed.map(({ finding, by }) => ({
      ...view(finding),
      reason: by.reason,
      until: new Date(by.expiresAtMs).toISOString(),
    })),
    notes: blind,
  });
}

export function countFindings({ findings }: LintReport): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: findings.length - errors };
}
