// Test results as JUnit XML, as CI systems read it. Knows no policy.
import { makeInert } from './inert-text.ts';

export interface JunitCase {
  readonly name: string;
  /** Groups the cases of one subject. */
  readonly className: string;
  /** Undefined: it holds. */
  readonly failure: { readonly message: string; readonly details: string } | undefined;
}

export function formatJunit(suite: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeXml(suite)}" ${counts}>`,
    ...cases.map(formatCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function formatCase({ name, className, failure }: JunitCase): string {
  const open = `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}"`;
  if (failure === undefined) return `${open}/>`;
  const { message, details } = failure;
  return [
    `${open}>`,
    `      <failure message="${escapeXml(message)}">${details.split('\n').map(escapeXml).join('\n')}</failure>`,
    '    </testcase>',
  ].join('\n');
}

/** XML 1.0 has no way at all to write most control characters and halves of surrogate pairs: they are shown as `\\u{…}`. */
function escapeXml(text: string): string {
  return makeInert(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
