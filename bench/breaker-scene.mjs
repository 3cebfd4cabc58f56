// One run of the README's picture: clients that use all tools in turn, three of which break and heal, through one guard. Measures
// and counts; draws nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const HEALTHY = ['healthy-1', 'healthy-2', 'healthy-3', 'healthy-4'];
export const FAILING = ['flaky', 'down', 'hangs'];
export const WORKERS = 32;
export const SCENE = { breakAtMs: 5_000, healAtMs: 17_000, endMs: 25_000, deadlineMs: 3_000, openMs: 2_000 };

/** Calls as { tool, atMs (end), tookMs, outcome }, times from the first call on; the load was warmed up before. */
export async function playScene({ Load, mode }) {
  const scratch = mkdtempSync(join(tmpdir(), 'mcp-guard-bench-'));
  const tools = join(scratch, 'tools');
  mkdirSync(tools);
  const heal = () => {
    for (const tool of FAILING) writeFileSync(join(tools, tool), '');
  };
  heal();
  const config = join(scratch, 'config.json');
  const args = [here('../test/fixtures/servers/breaker-server.mjs'), tools];
  const { openMs, deadlineMs } = SCENE;
  const breaker = { mode, openMs };
  const srv = { command: process.execPath, args, breaker, deadline: { hardMs: deadlineMs } };
  writeFileSync(config, JSON.stringify({ version: 1, servers: { srv } }), { mode: 0o600 });
  const load = new Load({
    command: process.execPath,
    args: [here('../bin/mcp-guard.js'), 'run', '--config', config, '--server', 'srv'],
    env: { PATH: process.env.PATH, HOME: scratch, MCP_GUARD_STATE_DIR: join(scratch, 'state') },
  });
  try {
    await load.greet();
    load.addRotating([...HEALTHY, ...FAILING], WORKERS);
    await delay(2_000);
    const startMs = performance.now();
    await delay(SCENE.breakAtMs);
    for (const tool of FAILING) rmSync(join(tools, tool));
    await delay(SCENE.healAtMs - SCENE.breakAtMs);
    heal();
    await delay(SCENE.endMs - SCENE.healAtMs);
    await load.stop();
    const code = await load.end();
    if (code !== 0 || load.strays > 0 || load.unanswered > 0)
      throw new Error(`the guard ended with ${code}, ${load.strays} stray and ${load.unanswered} missing answers`);
    return load.calls
      .map(({ tool, outcome, beganMs, endedMs }) => ({
        tool,
        outcome,
        atMs: endedMs - startMs,
        tookMs: endedMs - beganMs,
      }))
      .filter(({ atMs }) => atMs >= 0 && atMs < SCENE.endMs);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
