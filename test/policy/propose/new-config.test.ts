// The text of a config with one more server: means what was there and what is added, whatever a server calls its tools and says of them.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.ts';
import { type Notation, planConfig } from '../../../src/policy/propose/new-config.ts';
import type { Proposal, ProposedGrant } from '../../../src/policy/propose/proposal.ts';
import type { Json } from '../../../src/wire/json.ts';
import { isSameJson } from '../../../src/wire/same-json.ts';

const server = { name: 'files', command: 'node', args: ['server.js', '/srv/notes'], passEnv: [] };
const grant = (name: string, more: Partial<ProposedGrant> = {}): ProposedGrant => ({
  ...{ kind: 'tool', name, args: {}, notes: [], description: undefined, calls: undefined, lastMs: undefined },
  ...more,
});
const proposal = (granted: readonly ProposedGrant[], held: readonly ProposedGrant[] = []): Proposal => ({
  ...{ basis: 'use', granted, held, unnameable: [], missing: [] },
});
const parse = (notation: Notation, text: string): Json =>
  // data only: what a parser makes of a text
  parseConfig(`config.${notation}`, text).document as Json;

function plan(notation: Notation, there: string | undefined, given: Proposal, named = server) {
  const before = there === undefined ? undefined : { text: there, document: parse(notation, there) };
  const planning = planConfig(notation, before, named, given);
  if (!planning.ok) throw new Error(planning.why);
  return planning.plan;
}

const USED = grant('read', {
  args: { '/path': { within: ['~/notes'], optional: true } },
  notes: ['claimed by the server: read-only'],
  description: 'Reads.',
  calls: 2,
  lastMs: Date.UTC(2026, 10, 21),
});

describe('a new config', () => {
  it.each<Notation>(['yaml', 'json'])('is shown as it is written: %s', (notation) => {
    const { text, added } = plan(notation, undefined, proposal([USED]));
    expect(added).toBe(text);
    expect(text).toMatch(/version/);
    // of one that is there, only what is new
    const more = plan(notation, text, proposal([USED]), { ...server, name: 'more' });
    expect(more.added).not.toMatch(/version/);
    expect(more.added).toContain('more');
  });

  it('is YAML that one can read', () => {
    expect(
      plan('yaml', undefined, proposal([USED], [grant('write', { notes: ['claimed by the server: destructive'] })]))
        .text,
    ).toBe(`# What servers may do behind \`mcp-guard run\`. See docs/scopes.md and docs/config.md.
version: 1

servers:
  files:
    command: node
    args: [server.js, "/srv/notes"]
    scope: files

scopes:
  files:
    grants:
      - tool: read
        # claimed by the server: read-only
        # it says: Reads.
        args: { "/path": { within: ["~/notes"], optional: true } }
        reason: "scope init: 2 uses on record up to 2026-11-21"
      # Not granted. Take the first \`# \` of its lines away to grant one:
      # - tool: write
      #   # claimed by the server: destructive
`);
  });

  it('is a list from which a comment can be taken away', () => {
    const { text } = plan('yaml', undefined, proposal([], [USED, grant('write')]));
    const taken = text.replace(/^( *)# (- tool: write)$/m, '$1$2');
    expect(taken).not.toBe(text);
    expect(parse('yaml', taken)).toMatchObject({
      scopes: { files: { grants: [{ request: 'roots/list' }, { tool: 'write' }] } },
    });
  });

  it('is JSON with nothing but what is granted', () => {
    const { text } = plan('json', undefined, proposal([USED], [grant('write')]));
    expect(text).not.toContain('write');
    expect(text).toBe(`{
  "version": 1,
  "servers": {
    "files": {
      "command": "node",
      "args": ["server.js", "/srv/notes"],
      "scope": "files"
    }
  },
  "scopes": {
    "files": {
      "grants": [
        {
          "tool": "read",
          "args": { "/path": { "within": ["~/notes"], "optional": true } },
          "reason": "scope init: 2 uses on record up to 2026-11-21"
        }
      ]
    }
  }
}
`);
  });

  it('does not expand what was typed', () => {
    const named = { ...server, args: [`$\{HOME}/x`] };
    expect(plan('json', undefined, proposal([]), named).document).toMatchObject({
      servers: { files: { args: [`$$\{HOME}/x`] } },
    });
  });
});

describe('one that is there', () => {
  const JSON_THERE = `{
    "version": 1,
    "servers": {
        "git": {"command": "git-server",   "scope": "git"}
    },
    "audit": { "payload": "digest" },
    "scopes": { "git": { "grants": [ ] } }
}
`;
  const YAML_THERE = `version: 1 # ours
servers:
    git: { command: git-server, scope: git }   # by hand

    # the end of servers
scopes:
    git:
        grants:
            - tool: log
# the end
audit: { payload: digest }
`;

  it('keeps every character of JSON that was there', () => {
    const { text, document } = plan('json', JSON_THERE, proposal([USED]));
    expect(isSameJson(parse('json', text), document)).toBe(true);
    expect(Object.keys(document.servers ?? {})).toEqual(['git', 'files']);
    expect(text.startsWith(JSON_THERE.slice(0, JSON_THERE.indexOf('\n    },')))).toBe(true);
    expect(text).toContain('\n        "files": {');
  });

  it('keeps every line of YAML that was there', () => {
    const { text, document } = plan('yaml', YAML_THERE, proposal([USED], [grant('write')]));
    expect(isSameJson(parse('yaml', text), document)).toBe(true);
    for (const line of YAML_THERE.split('\n')) expect(text.split('\n')).toContain(line);
  });

  it.each(['\n', '\r\n'])('adds what is not there yet (line end %j)', (end) => {
    for (const [notation, there] of [
      ['json', '{ "version": 1 }\n'],
      ['yaml', 'version: 1\n'],
    ] as const) {
      const { text, document } = plan(notation, there.replaceAll('\n', end), proposal([USED]));
      expect(isSameJson(parse(notation, text), document)).toBe(true);
    }
  });

  it.each([
    ['a server', { servers: { files: {} } }, 'server_there'],
    ['a scope', { scopes: { files: {} } }, 'scope_there'],
    ['no object', [], 'not_an_object'],
  ] as const)('never replaces %s', (_, document, why) => {
    for (const notation of ['json', 'yaml'] as const) {
      const there = { text: JSON.stringify(document), document };
      expect(planConfig(notation, there, server, proposal([]))).toEqual({ ok: false, why });
    }
  });

  it('comes out as something else where YAML is written otherwise, so that it is not written', () => {
    const there = 'version: 1\nservers: { git: { command: x } }\n';
    const { text, document } = plan('yaml', there, proposal([USED]));
    const means = (() => {
      try {
        return parse('yaml', text);
      } catch {
        return undefined;
      }
    })();
    expect(isSameJson(means, document)).toBe(false);
  });
});

describe('what a server says', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      'a\n      - tool: "*"',
      'a\r\n- tool: x',
      'a\u2028- tool: x',
      'a\u0085- tool: x',
      '" }\n- tool: "*',
      "it's: a #comment",
      `$\{HOME}`,
      '\u202e\u{e0041}\ufeff',
      'null',
      'yes',
      '~',
      '- a',
      '? a',
      '!!js/function x',
      '&a *a',
      '9007199254740993',
    ),
  );
  const made = fc
    .record({ name: hostile, note: hostile, description: hostile })
    .map(({ name, note, description }) =>
      grant(name, { notes: [note], description, args: { '/p/~0a': { within: [name] } }, calls: 1, lastMs: 0 }),
    );

  it('never becomes more than a name', () => {
    fc.assert(
      fc.property(fc.array(made, { maxLength: 3 }), fc.array(made, { maxLength: 3 }), (granted, held) => {
        for (const notation of ['json', 'yaml'] as const) {
          for (const there of [undefined, notation === 'json' ? '{"version":1}' : 'version: 1\n']) {
            const { text, document } = plan(notation, there, proposal(granted, held));
            expect(isSameJson(parse(notation, text), document)).toBe(true);
          }
        }
      }),
      { examples: [[[], [grant('a', { notes: ['a\n      - tool: "*"'], description: 'b\n      - tool: "*"' })]]] },
    );
  });

  it('cannot steer a terminal out of the text', () => {
    const { text } = plan(
      'yaml',
      undefined,
      proposal([grant('\u001b[2J\u202e\u{e0041}x', { description: '\u009b2J\u2066' })]),
    );
    expect(text).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
  });
});
