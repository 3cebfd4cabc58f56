// A config with what is known of its servers, ready to be linted: the scene of the tests of this folder. Judges nothing.
import { buildLintInput, type LintParts } from '../../../src/cli/lint-subject.ts';
import type { ConfigDocument } from '../../../src/config/schema.ts';
import type { Finding } from '../../../src/policy/lint/finding.ts';
import { type LintReport, lintConfig } from '../../../src/policy/lint/lint.ts';
import type { LintInput, Offer, OfferedTool } from '../../../src/policy/lint/lint-input.ts';
import { collectUse, type ServerUse } from '../../../src/policy/lint/tool-use.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { compilerWith } from '../../config/compiled.ts';
import { PORTS } from '../constraint/one-constraint.ts';

export const NOW = Date.parse('2026-07-01T12:00:00Z');
export const DAY = 86_400_000;

export interface Facts extends Partial<Omit<LintParts, 'offers' | 'uses'>> {
  readonly offers?: Readonly<Record<string, Offer>>;
  readonly uses?: Readonly<Record<string, ServerUse>>;
}

export function inputOf(document: object, facts: Facts = {}): LintInput {
  // a test writes what a parser would give
  const config = document as JsonObject & ConfigDocument;
  const { policyOf } = compilerWith({ variables: { HOME: '/home/ada' }, portsFor: () => PORTS });
  return buildLintInput({
    policy: policyOf(document),
    document: config,
    lint: config.lint,
    nowMs: NOW,
    unusedDays: undefined,
    ports: PORTS,
    approved: undefined,
    ceilings: new Map(),
    surfaces: new Map(),
    definitions: new Map(),
    ...facts,
    offers: new Map(Object.entries(facts.offers ?? {})),
    uses: new Map(Object.entries(facts.uses ?? {})),
  });
}

export function lint(document: object, facts?: Facts): LintReport {
  return lintConfig(inputOf(document, facts));
}

/** `rule at`, with the tool where there is one. */
export function namesOf(findings: readonly Finding[], showPath = inputOf({ version: 1 }).showPath): readonly string[] {
  return findings.map(({ rule, path, tool }) => `${rule} ${showPath(path)}${tool === undefined ? '' : ` ${tool}`}`);
}

/** What one rule finds, as `at: text`. */
export function found(rule: string, document: object, facts?: Facts): readonly string[] {
  const input = inputOf(document, facts);
  const { findings } = lintConfig(input);
  return findings.filter((one) => one.rule === rule).map(({ path, text }) => `${input.showPath(path)}: ${text}`);
}

export function offer(tools: readonly (OfferedTool | string)[], more: Partial<Offer> = {}): Offer {
  return {
    tools: tools.map((tool) => (typeof tool === 'string' ? { name: tool } : tool)),
    prompts: [],
    isComplete: true,
    ...more,
  };
}

/** Tools that were used, each with how many days ago; the record begins 100 days ago. */
export function used(tools: Readonly<Record<string, number>>, sinceDays = 100): ServerUse {
  const collector = collectUse();
  collector.note(NOW - sinceDays * DAY);
  for (const [tool, days] of Object.entries(tools)) collector.add('tool', tool, NOW - days * DAY, 'done');
  return collector.use;
}

export function tool(name: string, properties: JsonObject = {}, more: Partial<OfferedTool> = {}): OfferedTool {
  return { name, inputSchema: { type: 'object', properties }, ...more };
}

/** One pinned server `files`, kept to one scope. */
export function oneScope(scope: object, server: object = {}, more: object = {}): object {
  return {
    version: 1,
    servers: { files: { command: 'npx', args: ['-y', '@example/files@1.2.3'], scope: 's', ...server } },
    scopes: { s: scope },
    ...more,
  };
}

export const TEXT = { type: 'string' } as const;
