// The threat model answers or admits each row; the decisions are complete and in one form.
import { describe, expect, test } from 'vitest';
import { DECISIONS, linksOf, read } from './prose.ts';

describe('docs/threat-model.md', () => {
  const sections = read('docs/threat-model.md').split('\n## ');
  const numbered = sections.filter((section) => /^\d\. /.test(section));
  const rows = numbered.flatMap((section) =>
    section
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2),
  );

  test('has its five parts', () => {
    expect(numbered.map((section) => section.slice(0, 2))).toEqual(['1.', '2.', '3.', '4.', '5.']);
    expect(rows.length).toBeGreaterThan(40);
  });

  test.each(rows)('%s', (row) => {
    const tests = linksOf(row).filter(({ target }) => target.endsWith('.test.ts'));
    expect(tests.length > 0 || /\*\*open\*\*/i.test(row)).toBe(true);
    for (const { text, target } of tests) expect(target.endsWith(`/${text}`)).toBe(true);
  });
});

describe('docs/decisions', () => {
  test('are numbered without gaps', () => {
    const numbers = DECISIONS.map((path) => Number(/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThanOrEqual(12);
  });

  test.each(DECISIONS)('%s has its four parts, in short', (path) => {
    const text = read(path);
    const number = /(\d{4})-/.exec(path)?.[1];
    expect(text).toMatch(new RegExp(`^# ${number}\\. \\S`));
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(headings).toEqual(['Status', 'Context', 'Decision', 'Consequences']);
    expect(text).toMatch(/^## Status\n\n(?:Accepted|Proposed|Superseded)\b/m);
    expect(text.split('\n').length).toBeLessThanOrEqual(61);
    for (const part of text.split(/^## .+$/m).slice(1)) expect(part.trim().length).toBeGreaterThan(5);
  });
});
