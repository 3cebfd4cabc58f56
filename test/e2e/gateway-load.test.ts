// Six real servers at once behind one guard, one of them killed every second: every call is answered exactly once, none by another
// server. GATEWAY_LOAD_MS makes it last longer: ten minutes show whether memory stays flat.
import { expect, test } from 'vitest';
import { runLoad, type Target } from './gateway-load.ts';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { descendants, Yard } from './guarded.ts';
import { dualEra, everything, fastmcp, filesystem, memory, thinking } from './peers.ts';

const lastsMs = Number(process.env.GATEWAY_LOAD_MS ?? 5000);

const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
const targets: readonly Target[] = [
  { server: 'everything', tool: 'echo', args: (n) => `{"message":"<${n}>"}`, sign: (n) => `Echo: <${n}>` },
  { server: 'files', tool: 'list_allowed_directories', args: () => '{}', sign: () => 'Allowed directories' },
  {
    server: 'memory',
    tool: 'search_nodes',
    args: (n) => `{"query":"none ${n}"}`,
    sign: () => quoted('"entities": []'),
  },
  {
    server: 'thinking',
    tool: 'sequentialthinking',
    args: (n) => `{"thought":"t","nextThoughtNeeded":false,"thoughtNumber":${n},"totalThoughts":${n}}`,
    sign: (n) => quoted(`"thoughtNumber": ${n},`),
  },
  { server: 'fastmcp', tool: 'add', args: (n) => `{"a":${n},"b":0}`, sign: (n) => `"text":"${n}"` },
  { server: 'modern', tool: 'test_simple_text', args: () => '{}', sign: () => 'simple text response' },
];

test(
  'every call is answered exactly once, by its own server',
  async () => {
    const yard = new Yard();
    const restart = { maxExits: 100, withinMs: 1000, firstDelayMs: 20, maxDelayMs: 20 };
    // A kill is no fault of a tool here: what is tested is the routing.
    const more = { restart, breaker: { mode: 'off' } };
    const peers = { everything, files: filesystem, memory, thinking, fastmcp, modern: dualEra };
    const servers = Object.fromEntries(Object.entries(peers).map(([id, peer]) => [id, entryOf(peer, yard.home, more)]));
    let turn = 0;
    const kills: string[] = [];
    const kill = (guard: number): void => {
      const nodes = descendants(guard).filter(({ command }) => /^\S*node\S* /.test(command));
      const victim = nodes[turn++ % Math.max(1, nodes.length)];
      if (victim === undefined) return;
      kills.push(victim.command);
      process.kill(victim.pid, 'SIGKILL');
    };
    const result = await runLoad(gatewayLaunch(yard, servers), targets, lastsMs, kill);
    expect(result.faults.slice(0, 3)).toEqual([]);
    for (const { server } of targets) expect(result.served.get(server) ?? 0, server).toBeGreaterThan(0);
    expect(kills.length).toBeGreaterThanOrEqual(Math.round(lastsMs / 1000) - 2);
    expect(result.lost).toBeGreaterThan(0);
    const [early, late] = result.memory;
    expect(late).toBeLessThan(Math.max(early * 1.5, early + 60));
    process.stdout.write(
      `${result.answered} calls, ${result.lost} lost with ${kills.length} kills, ${early.toFixed(0)} → ${late.toFixed(0)} MiB\n`,
    );
    expect(await yard.close()).toEqual([]);
  },
  lastsMs + 60_000,
);
