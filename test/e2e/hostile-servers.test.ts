// Servers that misbehave, through the built guard: the client is answered, nothing false is delivered, memory is bounded,
// and nothing stays alive.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesRead, call, eventually, memoryOf, Yard } from './guarded.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

const linux = process.platform === 'linux';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

/** A config with one server, and the flags that name it. */
function configured(server: readonly string[], settings: object): string[] {
  const [command, ...args] = server;
  const path = join(yard.home, 'config.json');
  const { server: own = {}, ...top } = settings as { server?: object };
  writeFileSync(path, JSON.stringify({ version: 1, servers: { srv: { command, args, ...own } }, ...top }), {
    mode: 0o600,
  });
  return ['--config', path];
}

const eventsOf = (name: string) =>
  readTrail(yard.state)
    .flatMap((one) => one.records)
    .filter(({ h }) => (h as { name?: string }).name === name);

describe('what belongs to nothing', () => {
  it('answers under unknown ids, other types and null reach nobody; the right one does', async () => {
    const client = yard.start(Yard.server('unknown-ids'));
    const answer = JSON.parse(await client.request(1, 'tools/call', call('x')));
    expect(answer.id).toBe(1);
    await client.end();
    expect(client.lines).toHaveLength(1);
    expect(eventsOf('answer_dropped').length).toBeGreaterThan(0);
  });

  it('a second answer under the same id reaches nobody', async () => {
    const client = yard.start(Yard.server('reuses-id'));
    await client.request(1, 'ping', '{}');
    await client.request(2, 'ping', '{}');
    await client.end();
    expect(client.lines).toHaveLength(2);
  });

  it('an answer after the cancel reaches nobody', async () => {
    const client = yard.start(Yard.server('answers-late'));
    client.write(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${call('x')}}\n`);
    client.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n');
    await client.request(2, 'ping', '{}');
    await client.end();
    expect(client.lines.map((line) => JSON.parse(line).id)).toEqual([2]);
  });

  it('noise on stdout goes to stderr with the name of the server, inert', async () => {
    const client = yard.start(Yard.server('banner'));
    await client.request(1, 'ping', '{}');
    await client.end();
    expect(client.lines).toHaveLength(1);
    expect(client.stderr()).toContain('[banner] ');
    expect(client.stderr()).not.toContain('\u001b');
    expect(eventsOf('noise').length).toBeGreaterThan(0);
  });
});

describe('what can be read in two ways', () => {
  it('is replaced by an error for its request', async () => {
    const client = yard.start(Yard.server('duplicate-key-result'));
    expect(JSON.parse(await client.request(1, 'tools/call', call('x')))).toMatchObject({ result: { isError: true } });
    expect(JSON.parse(await client.request(2, 'tools/call', call('x')))).toMatchObject({ result: { isError: true } });
    expect(JSON.parse(await client.request(3, 'ping', '{}'))).toMatchObject({ result: {} });
    await client.end();
    // The fixture says everything twice.
    expect(eventsOf('line_refused').length).toBeGreaterThanOrEqual(2);
  });

  it('an array is split', async () => {
    const client = yard.start(Yard.server('batch-answers'));
    await client.request(1, 'ping', '{}');
    await client.end();
    expect(client.lines.some((line) => line.startsWith('['))).toBe(false);
    expect(client.lines).toHaveLength(2);
  });
});

describe('what is slow, late or never', () => {
  it('a call that is never answered ends at its deadline, and the server is told', async () => {
    const server = Yard.server('never-answers');
    const client = yard.start(server, configured(server, { server: { deadline: { hardMs: 300 } } }));
    await client.initialize();
    const answer = JSON.parse(await client.request(1, 'tools/call', call('x')));
    expect(answer.result).toMatchObject({
      isError: true,
      _meta: { 'mcp-guard/decision': { reason: 'deadline', rule: 'deadline.hardMs' } },
    });
    await client.end();
    const outcomes = readTrail(yard.state)
      .flatMap((one) => one.records)
      .filter(({ h }) => h.settlement === 'timeout');
    expect(outcomes).toHaveLength(1);
  });

  it('an answer that drips in byte by byte arrives whole', async () => {
    const client = yard.start(Yard.server('drips'));
    expect(JSON.parse(await client.request(1, 'tools/call', call('slowly'))).id).toBe(1);
    await client.end();
  });

  it('characters cut in two between writes arrive whole', async () => {
    const client = yard.start(Yard.server('splits-utf8'));
    expect(await client.request(1, 'tools/call', call('x'))).not.toContain('\ufffd');
    await client.end();
  });

  it('a crash in a call is answered once, and mirrored', async () => {
    const client = yard.start(Yard.server('crashes-on-call'));
    await client.initialize();
    const answer = JSON.parse(await client.request(1, 'tools/call', call('x')));
    expect(answer.result.content[0].text).toContain('code 7');
    expect(await client.exited).toEqual([7, null]);
  });

  it('a crash with `onExit: restart` is answered once, and the next call finds a new server', async () => {
    const server = Yard.server('crashes-on-call');
    const client = yard.start(server, configured(server, { server: { onExit: 'restart' } }));
    await client.initialize();
    await client.request(1, 'tools/call', call('x'));
    expect(JSON.parse(await client.request(2, 'tools/list', '{}')).result.tools).toHaveLength(1);
    await client.end();
  });

  it('a legacy server that exits on `server/discover` is shielded: the client falls back on the same pipe', async () => {
    const client = yard.start(Yard.server('exits-on-discover'));
    const meta = '{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}';
    expect(JSON.parse(await client.request('probe', 'server/discover', meta)).error.code).toBe(-32601);
    await client.initialize();
    expect(await client.request(1, 'tools/call', call('here'))).toContain('here');
    expect(await client.end()).toBe(0);
  });

  it('questions of a server reach the client, whose answers reach the server', async () => {
    const client = yard.start(Yard.server('asks-client'));
    await client.initialize();
    for (const [id, method] of [
      [0, 'roots/list'],
      [1, 'sampling/createMessage'],
      [2, 'elicitation/create'],
    ] as const) {
      await client.until((line) => line.includes(`"${method}"`));
      client.write(`{"jsonrpc":"2.0","id":${id},"result":{"answer":"${method}"}}\n`);
    }
    await eventually('the server has heard all three', () =>
      ['roots/list', 'sampling/createMessage', 'elicitation/create'].every((one) => client.stderr().includes(one)),
    );
    await client.end();
    const asked = readTrail(yard.state)
      .flatMap((one) => one.records)
      .filter(({ h }) => h.type === 'intent' && h.asked === 'server');
    expect(asked).toHaveLength(3);
  });
});

describe.runIf(linux)('memory stays bounded', () => {
  const LIMIT_MIB = 200;
  const MIB = 1024 * 1024;

  /** Waits until the guard has read something and then no more for a while. */
  async function stopsReading(pid: number): Promise<void> {
    const seen: number[] = [];
    await eventually('the guard has stopped reading', () => {
      seen.push(bytesRead(pid));
      return seen.length > 20 && seen.at(-1) === seen.at(-20) && (seen.at(-1) ?? 0) > MIB;
    });
  }

  it('when a server writes without ever ending the line', async () => {
    const server = Yard.server('floods-without-newline');
    const client = yard.start(server, configured(server, { maxLineBytes: 8 * 1024 * 1024 }));
    await eventually('it has read far more than it may keep', () => bytesRead(client.pid) > 200 * MIB, 30_000);
    expect(memoryOf(client.pid).peak).toBeLessThan(LIMIT_MIB);
    await client.end();
  });

  it('when a server writes notifications and the client reads none', async () => {
    const client = yard.start(Yard.server('floods-lines'));
    client.pauseOutput();
    await stopsReading(client.pid);
    expect(memoryOf(client.pid).peak).toBeLessThan(LIMIT_MIB);
    process.kill(client.pid, 'SIGTERM');
    await client.exited;
  });

  it('when a server never reads and the client writes all the same', async () => {
    const client = yard.start(Yard.server('never-reads'));
    const line = `{"jsonrpc":"2.0","method":"notifications/x","params":{"data":"${'z'.repeat(60_000)}"}}\n`;
    for (let index = 0; index < 2000; index += 1) client.write(line);
    await stopsReading(client.pid);
    expect(memoryOf(client.pid).peak).toBeLessThan(LIMIT_MIB);
    process.kill(client.pid, 'SIGTERM');
    await client.exited;
  });

  it('when a server floods a piped stderr', async () => {
    const server = Yard.server('stderr-flood');
    const client = yard.start(server, configured(server, {}));
    await client.initialize();
    expect(await client.request(1, 'tools/call', call('calm'))).toContain('calm');
    await eventually('it has read a lot', () => bytesRead(client.pid) > 30 * MIB, 30_000);
    expect(memoryOf(client.pid).peak).toBeLessThan(LIMIT_MIB);
    expect(client.stderr()).not.toContain('\u001b');
    expect(client.stderr().length).toBeLessThan(5_000_000);
    await client.end();
  });

  it('and a result of 32 MiB passes unchanged', async () => {
    const client = yard.start(Yard.server('huge-result'));
    const line = await client.request(1, 'tools/call', `{"name":"x","arguments":{"bytes":${32 * 1024 * 1024}}}`);
    expect(line.length).toBeGreaterThan(32 * 1024 * 1024);
    await client.end();
  });
});
