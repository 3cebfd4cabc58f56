// The pages as the tests of this folder read them: their text, links and commands. Judges nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

const inFolder = (folder: string): string[] =>
  readdirSync(`${ROOT}${folder}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);

export const DECISIONS: readonly string[] = inFolder('docs/decisions').toSorted();

export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...inFolder('docs'),
  ...DECISIONS,
];

export interface Link {
  readonly text: string;
  /** Without `#…`; empty for a place on the same page. */
  readonly target: string;
  readonly anchor: string | undefined;
}

/** Links that stay in this repository. */
export function linksOf(markdown: string): readonly Link[] {
  return [...markdown.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)]
    .filter(([, , href]) => !/^[a-z]+:/.test(href ?? ''))
    .map(([, text = '', href = '']) => {
      const [target = '', anchor] = href.split('#');
      return { text, target, anchor };
    });
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The words after `mcp-guard` of every command that a page prints, in code or in a block (`mcp-guard audit v1` names a format). */
export function commandsOf(markdown: string): readonly (readonly string[])[] {
  const named = [
    ...markdown.matchAll(
      /(?<![,\w/])mcp-guard(?:\.js)? (?!audit v\d)((?:run|audit|breaker|config|scope|tenant|token|pause|status|reload|demo|--?[a-z])[^`\n|"]*)/g,
    ),
  ];
  const short = [...markdown.matchAll(/`((?:run|audit|breaker|config|scope|tenant|token|pause) [^`\n]+)`/g)];
  return [...named, ...short].map(
    ([, words = '']) => (words.split(/ [#>] /)[0] ?? '').match(/(?:'[^']*'|[^\s'])+/g) ?? [],
  );
}

/** What stands in the fenced blocks of one language. */
export function blocksOf(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);
}
