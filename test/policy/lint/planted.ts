// A config in which every rule has exactly one thing to find, and one in which none has. Data only.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the notation

import type { LintParts } from '../../../src/cli/lint-subject.ts';
import type { OfferedTool } from '../../../src/policy/lint/lint-input.ts';
import { buildLayer } from '../../../src/policy/scope/scope-layer.ts';
import { makeScope } from '../scope/make-scope.ts';
import { DAY, type Facts, NOW, offer, TEXT, tool, used } from './lint-scene.ts';

const NAMES = { type: 'string', description: 'what to look for' } as const;
const READ = tool('read_file', { path: TEXT });

export const PLANTED = {
  version: 1,
  servers: {
    files: {
      command: 'npx',
      args: ['-y', '@example/files@1.2.3', '/srv'],
      passEnv: ['SLACK_BOT_TOKEN'],
      env: { FILES_API_TOKEN: `ghp_${'0123456789abcdefghij'.repeat(2)}` },
      scope: 'files',
    },
    web: { command: 'npx', args: ['-y', '@example/web'], scope: 'web' },
    loose: { command: 'loose' },
  },
  scopes: {
    files: {
      grants: [
        { tool: 'read_file', args: { '/path': { within: ['/srv'] } } },
        { tool: 'list_*' },
        { tool: 'raed_file' },
        { tool: 'old_tool' },
        { tool: 'tree', expires: '2026-06-01' },
        { tool: 'stat', expires: '2026-07-10' },
        { tool: 'delete_all' },
        { tool: 'copy' },
        { tool: 'secret_x' },
        { tool: 'look' },
        { tool: 'drifted' },
        { tool: 'new_tool' },
        { tool: 'above' },
        { tool: 'huge' },
      ],
      deny: [{ tool: 'secret_*' }],
    },
    web: { grants: [{ tool: 'post_message', args: { '/text': { maxLength: 100 } } }, { tool: 'readFile' }] },
  },
  lint: { ignore: [{ rule: 'grant-unused', at: '*', tool: 'x', reason: 'for now', expires: '2026-06-01' }] },
} as const;

const DRIFTED = tool('drifted', {}, { description: 'Now it says something else.' });
const FILES = [
  READ,
  'list_names',
  'old_tool',
  'tree',
  'stat',
  'delete_all',
  tool('copy', { from_path: TEXT, name: NAMES }),
  'secret_x',
  tool('look', {}, { description: 'Deletes what it looks at.', annotations: { readOnlyHint: true } }),
  DRIFTED,
  'new_tool',
  'above',
  { name: 'huge', isNameOnly: true },
];
const UNUSED = ['old_tool'];
const names = FILES.map((one) => (typeof one === 'string' ? one : one.name));
const definition = (name: string, fields: object = {}) => [name, { name, fields }] as const;
const definitionOf = (one: OfferedTool | string) => {
  const { name, isNameOnly: _, ...fields } = typeof one === 'string' ? { name: one, isNameOnly: false } : one;
  return definition(name, fields);
};
const approvedFiles = FILES.filter((one) => one !== 'new_tool')
  .map((one) => (one === DRIFTED ? { ...DRIFTED, description: 'It was this.' } : one))
  .map(definitionOf);

const APPROVED: LintParts['approved'] = {
  policy: PLANTED,
  pins: new Map([['files', { tools: new Map(approvedFiles), instructions: undefined }]]),
};

export const PLANTED_FACTS: Facts = {
  offers: { files: offer(FILES), web: offer(['post_message', 'readFile']) },
  uses: {
    files: used(
      Object.fromEntries([...names, 'raed_file'].filter((one) => !UNUSED.includes(one)).map((one) => [one, 3])),
    ),
    web: used({ post_message: 1, readFile: 2 }),
  },
  approved: APPROVED,
  notAsked: new Map([['loose', 'it ended with status 1']]),
  lockRefused: { what: 'the lock was changed by somebody else than an approval', mend: 'approve anew' },
  definitions: new Map([
    [
      'files',
      {
        before: { tools: new Map(approvedFiles), instructions: undefined },
        since: 'approved',
        now: { tools: new Map(FILES.map(definitionOf)), instructions: undefined },
        hasInstructions: true,
      },
    ],
  ]),
  ceilings: new Map([
    ['files', [buildLayer('ceiling', [makeScope({ grants: [{ tool: '*' }], deny: [{ tool: 'above' }] }, 'ceiling')])]],
  ]),
  surfaces: new Map([
    [
      'files',
      [
        { atMs: NOW - 95 * DAY, tools: 3 },
        { atMs: NOW - 2 * DAY, tools: 9 },
      ],
    ],
  ]),
};

/** Rule, place, and the tool where it is about one. */
export const EXPECTED = [
  'server-without-scope servers.loose.scope',
  'server-not-asked servers.loose',
  'lock-refused (document)',
  'wildcard-swallows scopes.files.grants[1]',
  'grant-matches-nothing scopes.files.grants[2]',
  'grant-unused scopes.files.grants[3]',
  'grant-expired scopes.files.grants[4]',
  'grant-expiring scopes.files.grants[5]',
  'destructive-without-approval scopes.files.grants[6] delete_all',
  'unconstrained-argument scopes.files.grants[7] copy',
  'rule-can-never-match scopes.files.grants[8]',
  'annotation-contradiction servers.files look',
  'definition-drift servers.files drifted',
  'definition-not-looked-at servers.files huge',
  'definitions-not-pinned servers.loose',
  'definitions-not-pinned servers.web',
  'growth-since-approval servers.files',
  'wider-than-ceiling scopes.files.grants[12]',
  'growth-30-90 servers.files',
  'unpinned-command servers.web.args[1]',
  'secret-literal servers.files.env.FILES_API_TOKEN',
  'environment-wider-than-needed servers.files.passEnv[0]',
  'toxic-combination servers',
  'shadowed-names servers read_file',
  'suppression-expired lint.ignore[0]',
];

export const CLEAN = {
  version: 1,
  servers: {
    notes: {
      command: 'npx',
      args: ['-y', '@example/notes@1.2.3', '${HOME}/notes'],
      env: { NOTES_TOKEN: 'env:NOTES_TOKEN', LOG_LEVEL: 'warn' },
      passEnv: ['NOTES_REGION'],
      scope: 'notes',
    },
    clock: { command: 'uvx', args: ['mcp-server-time==2026.1.1'], scope: 'clock' },
  },
  scopes: {
    notes: {
      grants: [
        { tool: 'read_note', args: { '/path': { within: ['~/notes'] } }, additional: false },
        { tool: 'write_note', args: { '/path': { within: ['~/notes/drafts'] }, '/text': { maxLength: 1000 } } },
        { tool: 'delete_note', approve: 'always', args: { '/path': { within: ['~/notes'] } } },
        { resource: 'file:///srv/notes/*' },
        { prompt: 'summarise' },
        { request: 'sampling/createMessage', expires: '2030-12-31' },
      ],
      deny: [{ tool: 'admin_*' }, { request: 'roots/list' }],
    },
    clock: { grants: [{ tool: 'get_current_time' }] },
  },
  lint: { unusedDays: 30 },
};

const NOTES = [
  tool('read_note', { path: TEXT }, { annotations: { readOnlyHint: true } }),
  tool('write_note', { path: TEXT, text: TEXT }),
  tool('delete_note', { path: TEXT }, { annotations: { destructiveHint: true } }),
  tool('admin_wipe', { command: TEXT }),
];
const CLOCK = [tool('get_current_time', { timezone: TEXT }, { description: 'Get the current time.' })];

const notesUse = (() => {
  const use = used({ read_note: 1, write_note: 2, delete_note: 3 });
  const now = {
    calls: 1,
    done: 1,
    failed: 0,
    firstMs: NOW,
    lastMs: NOW,
    args: new Map(),
    unplaced: new Set<string>(),
    hasMore: false,
  };
  return {
    ...use,
    byKind: {
      ...use.byKind,
      resource: new Map([['file:///srv/notes/a', now]]),
      prompt: new Map([['summarise', now]]),
      request: new Map([['sampling/createMessage', now]]),
    },
  };
})();

export const CLEAN_FACTS: Facts = {
  offers: { notes: offer(NOTES, { prompts: ['summarise'] }), clock: offer(CLOCK) },
  uses: { notes: notesUse, clock: used({ get_current_time: 1 }) },
  approved: {
    policy: CLEAN,
    pins: new Map([
      [
        'notes',
        { tools: new Map(NOTES.map(({ name, ...fields }) => definition(name, fields))), instructions: undefined },
      ],
      [
        'clock',
        { tools: new Map(CLOCK.map(({ name, ...fields }) => definition(name, fields))), instructions: undefined },
      ],
    ]),
  },
  surfaces: new Map([['notes', [{ atMs: NOW - 95 * DAY, tools: 3 }]]]),
};
