// The targets: what each is, and how it is started. Must not know what is measured.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const server = (toolCount) => [process.execPath, here('./echo-server.mjs'), '--tools', String(toolCount)];
const floor = (name) => (toolCount) => [process.execPath, here(`./floors/${name}.mjs`), '--', ...server(toolCount)];
const guard = (...options) => [process.execPath, here('../bin/mcp-guard.js'), 'run', ...options];

/** A config as a careful person would write it: one server, everything that this version enforces set. */
function writeConfig(scratch, toolCount) {
  const [command, ...args] = server(toolCount);
  const path = join(scratch, `config-${toolCount}.json`);
  const echo = { command, args, deadline: { idleMs: 60_000, hardMs: 600_000 } };
  writeFileSync(path, JSON.stringify({ version: 1, servers: { echo } }), { mode: 0o600 });
  return path;
}

/** The same, kept to a scope as wide as the longest list: ten thousand grants by name, whatever the server offers of them. */
function writeScopedConfig(scratch, toolCount) {
  const [command, ...args] = server(toolCount);
  const path = join(scratch, `scoped-${toolCount}.json`);
  const grants = Array.from({ length: 10_000 }, (_, i) => ({ tool: i === 0 ? 'echo' : `tool_${i}` }));
  const echo = { command, args, deadline: { idleMs: 60_000, hardMs: 600_000 }, scope: 'many' };
  writeFileSync(path, JSON.stringify({ version: 1, servers: { echo }, scopes: { many: { grants } } }), { mode: 0o600 });
  return path;
}

/** name → { what, argv(toolCount, scratch), keepsTrail, judged? }: `keepsTrail` where an earlier run leaves a trail behind; `judged`: the figures of the
 * budget that this target is held against (default: all). */
export const TARGETS = {
  direct: { what: 'the echo server itself', argv: server },
  pipe: { what: 'floor: bytes both ways, none looked at', argv: floor('pipe') },
  parse: { what: 'floor: every message parsed, original bytes forwarded', argv: floor('parse') },
  'audit-wal': {
    what: 'floor: parse, and a chained intent and outcome with payload written before the line leaves',
    argv: floor('audit-wal'),
  },
  'sdk-proxy': { what: 'the obvious way: the official SDK, client to server', argv: floor('sdk-proxy') },
  'mcp-guard': {
    what: '`mcp-guard run -- <server>`: no config, audit on',
    argv: (toolCount) => [...guard('--'), ...server(toolCount)],
    keepsTrail: true,
  },
  'mcp-guard-config': {
    what: '`mcp-guard run --config FILE --server echo`: the server as an entry of a config, audit on',
    argv: (toolCount, scratch) => guard('--config', writeConfig(scratch, toolCount), '--server', 'echo'),
    keepsTrail: true,
  },
  'mcp-guard-scope': {
    what: 'the same under a scope of 10,000 grants, locked and pinned; held against the budget of the long list alone',
    argv: (toolCount, scratch) => guard('--config', writeScopedConfig(scratch, toolCount), '--server', 'echo'),
    keepsTrail: true,
    judged: ['list10000'],
  },
};

/** The whole environment of a target: nothing of this shell's but PATH, everything kept inside `scratch`. */
export function environmentIn(scratch, marker) {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: scratch,
    TMPDIR: scratch,
    XDG_STATE_HOME: join(scratch, 'state'),
    XDG_CONFIG_HOME: join(scratch, 'config'),
    XDG_CACHE_HOME: join(scratch, 'cache'),
    BENCH_RUN: marker,
  };
}
