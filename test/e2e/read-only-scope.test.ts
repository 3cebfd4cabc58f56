// A scope that only reads, on real servers: every tool that writes is hidden and cannot be called, listed or not, and what it would
// have written is not there. The same calls without a scope do write: so the test can fail.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { RawClient } from './client-raw.ts';
import { gitOfNpm, makeRepository, prepareGitOfPython, showRepository } from './git-peers.ts';
import { Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';

type Calls = Readonly<Record<string, object>>;

/** The tools of a server, all of them, each with a call that works. */
interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly reads: Calls;
  readonly writes: Calls;
  /** A grant with a condition: what keeps to it, and what does not. */
  readonly bounded?: {
    readonly grant: object;
    readonly tool: string;
    readonly inside: object;
    readonly outside: object;
  };
  /** What writing changes; undefined where the server keeps it to itself. */
  readonly look?: () => string;
}

const official = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));

/** Names and contents of all files below. */
function showFiles(directory: string): string {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path}: ${readFileSync(path, 'utf8')}` : path;
    })
    .sort()
    .join('\n');
}

function filesystem(directory: string): World {
  const root = join(directory, 'root');
  mkdirSync(root);
  const path = join(root, 'a.txt');
  writeFileSync(path, 'first\n');
  return {
    command: [process.execPath, official('server-filesystem'), root],
    reads: {
      read_file: { path },
      read_text_file: { path },
      read_media_file: { path },
      read_multiple_files: { paths: [path] },
      list_directory: { path: root },
      list_directory_with_sizes: { path: root },
      directory_tree: { path: root },
      search_files: { path: root, pattern: '*.txt' },
      get_file_info: { path },
      list_allowed_directories: {},
    },
    writes: {
      write_file: { path: join(root, 'b.txt'), content: 'x' },
      edit_file: { path, edits: [{ oldText: 'first', newText: 'last' }] },
      create_directory: { path: join(root, 'd') },
      move_file: { source: path, destination: join(root, 'm.txt') },
    },
    look: () => showFiles(root),
  };
}

function memory(directory: string): World {
  const file = join(directory, 'memory.jsonl');
  writeFileSync(file, '{"type":"entity","name":"one","entityType":"n","observations":["o"]}\n');
  const relation = { from: 'one', to: 'one', relationType: 'is' };
  return {
    env: { MEMORY_FILE_PATH: file },
    command: [process.execPath, official('server-memory')],
    reads: { read_graph: {}, search_nodes: { query: 'one' }, open_nodes: { names: ['one'] } },
    writes: {
      create_entities: { entities: [{ name: 'two', entityType: 'n', observations: [] }] },
      create_relations: { relations: [relation] },
      add_observations: { observations: [{ entityName: 'one', contents: ['p'] }] },
      delete_observations: { deletions: [{ entityName: 'one', observations: ['o'] }] },
      delete_relations: { relations: [relation] },
      delete_entities: { entityNames: ['one'] },
    },
    look: () => readFileSync(file, 'utf8'),
  };
}

function everything(): World {
  return {
    command: [process.execPath, official('server-everything'), 'stdio'],
    reads: {
      echo: { message: 'x' },
      'get-sum': { a: 1, b: 2 },
      'get-tiny-image': {},
      'get-structured-content': { location: 'Chicago' },
      'get-annotated-message': { messageType: 'success' },
      'get-resource-links': {},
      'get-resource-reference': { resourceType: 'Text', resourceId: 1 },
    },
    writes: {
      // what no reading scope would grant either: it gives away the environment
      'get-env': {},
      'gzip-file-as-resource': { data: 'data:text/plain,x' },
      'toggle-simulated-logging': {},
      'toggle-subscriber-updates': {},
      'trigger-long-running-operation': { duration: 0.1, steps: 1 },
      'simulate-research-query': { topic: 'x' },
    },
  };
}

function gitPython(command: readonly string[], directory: string): World {
  const repository = makeRepository(directory);
  const at = { repo_path: repository };
  return {
    command,
    reads: {
      git_status: at,
      git_diff_unstaged: at,
      git_diff_staged: at,
      git_diff: { ...at, target: 'other' },
      git_log: at,
      git_show: { ...at, revision: 'HEAD' },
      git_branch: { ...at, branch_type: 'local' },
    },
    writes: {
      git_add: { ...at, files: ['c.txt'] },
      git_commit: { ...at, message: 'second' },
      git_reset: at,
      git_create_branch: { ...at, branch_name: 'made' },
      git_checkout: { ...at, branch_name: 'other' },
    },
    look: () => showRepository(repository),
  };
}

function gitNpm(directory: string): World {
  const repository = makeRepository(directory);
  const at = { path: repository };
  const copy = join(directory, 'copy');
  return {
    env: { LOGS_DIR: join(directory, 'logs') },
    command: gitOfNpm,
    reads: {
      git_status: at,
      git_log: at,
      git_diff: at,
      git_show: { ...at, object: 'HEAD' },
      git_blame: { ...at, filePath: 'a.txt' },
      git_reflog: at,
      git_changelog_analyze: { ...at, reviewTypes: ['security'] },
    },
    writes: {
      // claims `readOnlyHint`; its text tells a model to commit and tag
      git_wrapup_instructions: { acknowledgement: 'yes', createTag: true },
      git_set_working_dir: at,
      git_clear_working_dir: { confirm: 'Y' },
      git_init: { path: join(directory, 'made') },
      git_clone: { url: `file://${repository}`, path: copy },
      git_add: { ...at, paths: ['c.txt'] },
      git_commit: { ...at, message: 'second', allowEmpty: true },
      git_tag: { ...at, mode: 'create', tagName: 'v1' },
      git_stash: { ...at, mode: 'push', message: 'x' },
      git_remote: { ...at, mode: 'add', name: 'far', url: `file://${copy}` },
      git_fetch: { ...at, remote: 'far' },
      git_pull: { ...at, remote: 'far', branch: 'main' },
      git_push: { ...at, remote: 'far', branch: 'main' },
      git_merge: { ...at, branch: 'other' },
      git_rebase: { ...at, upstream: 'other' },
      git_cherry_pick: { ...at, commits: ['other'] },
      git_checkout: { ...at, target: 'other' },
      git_worktree: { ...at, mode: 'add', worktreePath: join(directory, 'tree'), branch: 'other' },
      git_reset: { ...at, mode: 'hard', target: 'HEAD' },
      git_clean: { ...at, force: true },
    },
    bounded: {
      tool: 'git_branch',
      grant: {
        tool: 'git_branch',
        args: { '/mode': { equals: 'list' }, '/path': { equals: repository } },
        additional: false,
      },
      inside: { ...at, mode: 'list' },
      outside: { ...at, mode: 'create', branchName: 'made' },
    },
    look: () => `${showRepository(repository)}\n${readdirSync(directory).filter((name) => name !== 'logs')}`,
  };
}

interface Answer {
  readonly result?: {
    readonly isError?: boolean;
    readonly tools?: readonly { name: string }[];
    readonly _meta?: object;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

const ask = async (client: RawClient, id: string, method: string, params: object): Promise<Answer> =>
  JSON.parse(await client.request(id, method, JSON.stringify(params))); // a line of a guard or server under test

const callAll = async (client: RawClient, calls: Calls): Promise<ReadonlyMap<string, Answer>> => {
  const answers = new Map<string, Answer>();
  for (const [name, args] of Object.entries(calls))
    answers.set(name, await ask(client, `call ${name}`, 'tools/call', { name, arguments: args }));
  return answers;
};

/** The world, or why it cannot be had here. */
type Make = (directory: string) => World | Promise<World | string>;

const TABLE: readonly (readonly [string, Make])[] = [
  ['filesystem', filesystem],
  ['memory', memory],
  ['everything', everything],
  ['git (npm)', gitNpm],
  [
    'git (Python)',
    (directory) =>
      prepareGitOfPython().then(
        (command) => gitPython(command, directory),
        (error: Error) => `the git server of PyPI cannot be had: ${error.message}`,
      ),
  ],
];

test.concurrent.for(TABLE)(
  '%s: what only reads is all that there is',
  { timeout: 150_000 },
  async ([, make], { skip }) => {
    const yard = new Yard();
    try {
      const directory = join(yard.home, 'world');
      mkdirSync(directory);
      const world = await make(directory);
      if (typeof world === 'string') return skipLoudly(skip, world);
      await hold(yard, world);
      expect(await yard.leftovers(5_000)).toEqual([]);
    } finally {
      await yard.close();
    }
  },
);

async function hold(yard: Yard, world: World): Promise<void> {
  const { command, env = {}, reads, writes, bounded, look = () => '' } = world;
  const [program = '', ...args] = command;
  const grants = [...Object.keys(reads).map((tool) => ({ tool })), ...(bounded === undefined ? [] : [bounded.grant])];
  const config = join(yard.home, 'guard.json');
  const entry = { command: program, args, env, scope: 'reader' };
  writeFileSync(config, JSON.stringify({ version: 1, servers: { srv: entry }, scopes: { reader: { grants } } }), {
    mode: 0o600,
  });
  const before = look();

  const guarded = yard.start(command, ['--config', config]);
  await guarded.initialize();
  // before anything was listed: a host may call from a list that it kept
  const refused = await callAll(guarded, { ...writes, 'no-such-tool': {} });
  for (const [tool, { result, error }] of refused)
    expect([tool, result, error]).toEqual([tool, undefined, { code: -32602, message: `Unknown tool: ${tool}` }]);
  const listed = await ask(guarded, 'list', 'tools/list', {});
  const shown = listed.result?.tools?.map((tool) => tool.name).sort();
  expect(shown).toEqual([...Object.keys(reads), ...(bounded === undefined ? [] : [bounded.tool])].sort());
  expect((await callAll(guarded, writes)).size).toBe(Object.keys(writes).length);
  expect(look()).toBe(before);
  for (const [tool, { result }] of await callAll(guarded, reads))
    expect([tool, result?.isError ?? false]).toEqual([tool, false]);
  if (bounded !== undefined) {
    const { tool, inside, outside } = bounded;
    expect((await ask(guarded, 'in', 'tools/call', { name: tool, arguments: inside })).result?.isError ?? false).toBe(
      false,
    );
    const denied = await ask(guarded, 'out', 'tools/call', { name: tool, arguments: outside });
    expect(denied.result).toMatchObject({
      isError: true,
      _meta: { 'mcp-guard/decision': { reason: 'argument_denied' } },
    });
  }
  expect(look()).toBe(before);
  expect(await guarded.end()).toBe(0);

  const free = yard.start(command, Object.entries(env).length === 0 ? [] : ['--config', freeConfig(yard, entry)]);
  await free.initialize();
  const offered = (await ask(free, 'list', 'tools/list', {})).result?.tools?.map((tool) => tool.name).sort();
  // a tool of a later version belongs to one of the two
  expect(offered).toEqual([...(shown ?? []), ...Object.keys(writes)].sort());
  const answers = await callAll(free, writes);
  expect([...answers].filter(([, { result }]) => result !== undefined).length).toBeGreaterThan(0);
  if (world.look !== undefined) expect(look()).not.toBe(before);
  await free.end();
}

/** The same server without a scope. */
function freeConfig(yard: Yard, { scope: _, ...entry }: { readonly scope: string; readonly command: string }): string {
  const path = join(yard.home, 'free', 'guard.json');
  mkdirSync(join(yard.home, 'free'));
  writeFileSync(path, JSON.stringify({ version: 1, servers: { srv: entry } }), { mode: 0o600 });
  return path;
}
