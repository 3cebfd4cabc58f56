// Six real servers at once behind one guard, and a twin of one of them, so that ids, tokens and cursors collide; one of them is killed
// every second: every request is answered exactly once, none by another server. GATEWAY_LOAD_MS makes it last longer (`npm run soak`:
// ten minutes), which shows whether memory stays flat.
import { expect, test } from 'vitest';
import { runLoad, type Target } from './gateway-load.ts';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { descendants, Yard } from './guarded.ts';
import { ListWalk } from './list-walk.ts';
import { everything, fastmcp, filesystem, memory, pages, thinking } from './peers.ts';

const lastsMs = Number(process.env.GATEWAY_LOAD_MS ?? 5000);

const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
const serialOf = (n: number) => `{"serial":${n}}`;
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
  ...['modern', 'twin'].flatMap((server) => [
    { server, tool: 'work', args: serialOf, sign: (n: number) => `"${server} worked ${n}"` },
    { server, tool: 'ask', args: serialOf, sign: (n: number) => `"${server} heard <${server} ${n}>"` },
  ]),
];

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
/** The part of a run from `from` to `to`, each between 0 and 1. */
const part = (values: readonly number[], from: number, to: number) =>
  values.slice(Math.floor(values.length * from), Math.ceil(values.length * to));

const eachTenth = (values: readonly number[]) =>
  Array.from({ length: 10 }, (_, at) => median(part(values, at / 10, (at + 1) / 10)).toFixed(0)).join(' ');

test(
  'every request is answered exactly once, by its own server',
  async () => {
    const yard = new Yard();
    const restart = { maxExits: 100, withinMs: 1000, firstDelayMs: 20, maxDelayMs: 20 };
    // A kill is no fault of a tool here: what is tested is the routing.
    const more = { restart, breaker: { mode: 'off' } };
    const peers = {
      ...{ everything, files: filesystem, memory, thinking, fastmcp },
      ...{ modern: pages('modern'), twin: pages('twin') },
    };
    const servers = Object.fromEntries(Object.entries(peers).map(([id, peer]) => [id, entryOf(peer, yard.home, more)]));
    // Many gigabytes in ten minutes: the eldest segments leave, as they would.
    const audit = { maxBytes: 64 * 1024 * 1024 };
    let turn = 0;
    const kills: string[] = [];
    const kill = (guard: number): void => {
      const nodes = descendants(guard).filter(({ command }) => /^\S*node\S* /.test(command));
      const victim = nodes[turn++ % Math.max(1, nodes.length)];
      if (victim === undefined) return;
      kills.push(victim.command);
      process.kill(victim.pid, 'SIGKILL');
    };
    const walks = [1, 2, 3, 4].map(() => new ListWalk(['modern', 'twin']));
    const launch = gatewayLaunch(yard, servers, [], { audit });
    const result = await runLoad(launch, { targets, walks }, lastsMs, kill);
    const early = median(part(result.memory, 0.25, 0.5));
    const late = median(part(result.memory, 0.75, 1));
    const { answered, pages: listed, reports, questions, lost, slowestMs, heap } = result;
    process.stdout.write(
      `${answered} requests, ${listed} pages, ${reports} reports, ${questions} questions; ${lost} lost with ${kills.length} kills; ` +
        `slowest ${slowestMs.toFixed(0)} ms; ${early.toFixed(0)} → ${late.toFixed(0)} MiB\n${eachTenth(result.memory)}\n` +
        `live heap: ${heap.map((mib) => mib.toFixed(1)).join(' → ')}\n`,
    );
    expect(result.faults.slice(0, 3)).toEqual([]);
    for (const { server } of targets) expect(result.served.get(server) ?? 0, server).toBeGreaterThan(0);
    for (const walk of walks) expect(walk.wholes).toBeGreaterThan(0);
    expect(reports).toBeGreaterThan(0);
    expect(questions).toBeGreaterThan(0);
    expect(kills.length).toBeGreaterThanOrEqual(Math.round(lastsMs / 1000) - 2);
    expect(lost).toBeGreaterThan(0);
    // Resident memory is what the collector leaves; what lives is told by the heap, in a long run.
    expect(late).toBeLessThan(Math.max(early * 1.5, early + 60));
    const [before, after] = heap;
    if (before !== undefined && after !== undefined) expect(after).toBeLessThan(before + 4);
    expect(await yard.close()).toEqual([]);
  },
  lastsMs + 90_000,
);
