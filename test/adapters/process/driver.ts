// Stands in for the guard in a process of its own, so that it can be killed. Bundled and started by harness.ts; knows nothing of tests.
// argv[2] is JSON: { command, args, env }. Says one JSON line each: { pid }, { ready }, { exited }.
import { runLadder, systemTimers } from '../../../src/adapters/shutdown-ladder.ts';
import { createSpawner } from '../../../src/adapters/spawn-upstream.ts';

const { command, args, env } = JSON.parse(process.argv[2] ?? '');
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const upstream = createSpawner({ outerRun: process.env.MCP_GUARD_RUN }).spawn({
  command,
  args,
  cwd: undefined,
  env,
  stderr: 'pipe',
});
say({ pid: upstream.pid });
let ready = false;
const expected = args.includes('--stdout') ? upstream.stdout : upstream.stderr;
for (const stream of [upstream.stdout, upstream.stderr]) {
  stream?.on('data', (chunk) => {
    if (ready || stream !== expected) return;
    ready = true;
    say({ ready: String(chunk).trim() });
  });
}
upstream.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
process.once('SIGTERM', () => {
  const endInput = () => upstream.stdin.end();
  const ladder = runLadder({ process: upstream, timers: systemTimers, endInput, termAfterMs: 100, killAfterMs: 300 });
  process.on('SIGTERM', ladder.hurry);
});
upstream.exited.then((status) => say({ exited: status }));
