// The findings of `scope lint` as SARIF 2.1.0, for code scanning. Every text is ASCII. Source: OASIS SARIF 2.1.0, and what GitHub
// reads of it (results with a location, `security-severity` left out: these are no vulnerabilities of code).
import type { LintReport, RatedFinding } from '../policy/lint/lint.ts';
import type { Suppression } from '../policy/lint/lint-input.ts';
import { LINT_RULES, RULE_IDS } from '../policy/lint/rule-ids.ts';
import { stringifyInert } from './call-json.ts';
import type { Locate } from './lint-place.ts';
import { VERSION } from './version.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const LEVELS = { error: 'error', warn: 'warning', off: 'none' } as const;

export interface SarifParts {
  /** Of the config, relative to the working directory where it lies below it; a URI reference. */
  readonly uri: string;
  readonly locate: Locate;
  readonly showPath: (path: RatedFinding['path']) => string;
}

export function formatSarif({ findings, suppressed, blind }: LintReport, parts: SarifParts): string {
  const results = [
    ...findings.map((finding) => resultOf(finding, undefined, parts)),
    ...suppressed.map(({ finding, by }) => resultOf(finding, by, parts)),
  ];
  return stringifyInert({
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'mcp-guard', version: VERSION, semanticVersion: VERSION, rules: RULE_IDS.map(ruleOf) },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: blind.map((text) => ({ level: 'note', message: { text } })),
          },
        ],
        results,
      },
    ],
  });
}

function ruleOf(id: (typeof RULE_IDS)[number]) {
  const { severity, summary } = LINT_RULES[id];
  return {
    id,
    name: id.replace(/(^|-)(\w)/g, (_, _dash: string, letter: string) => letter.toUpperCase()),
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    // the page comes with the package; a package URL is the absolute form that SARIF asks for
    helpUri: `pkg:npm/mcp-guard@${VERSION}?rule=${id}#docs/lint.md`,
    help: { text: `See docs/lint.md, section ${id}.`, markdown: `See \`docs/lint.md#${id}\`.` },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['security', 'mcp'] },
  };
}

function resultOf(finding: RatedFinding, by: Suppression | undefined, { uri, locate, showPath }: SarifParts) {
  const { rule, severity, path, server, tool, text, mend } = finding;
  const place = showPath(path);
  const region = locate(path);
  return {
    ruleId: rule,
    ruleIndex: RULE_IDS.indexOf(rule),
    level: LEVELS[severity],
    message: { text: `${place}: ${text}. To mend it: ${mend}.` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri },
          // a result without a line is not shown in the text at all
          region:
            region === undefined
              ? { startLine: 1 }
              : {
                  startLine: region.line,
                  startColumn: region.column,
                  endLine: region.endLine,
                  endColumn: region.endColumn,
                },
        },
        logicalLocations: [{ fullyQualifiedName: place }],
      },
    ],
    // lines move when others are edited; this stays
    partialFingerprints: { 'mcpGuardPlace/v1': [rule, place, server ?? '', tool ?? ''].join(' ').slice(0, 300) },
    ...(by === undefined ? {} : { suppressions: [{ kind: 'inSource', status: 'accepted', justification: by.reason }] }),
  };
}
