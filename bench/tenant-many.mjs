// `node bench/tenant-many.mjs [--short] [--busy] [--json] [--write]`: 200 tenants in one config, 50 of them (10 with --short) in a session at once:
// what the start of one takes with one and with all of them in the config, alone and beside the others, and what each costs. In turns with that the
// control: the same guards stopped. With --busy also beside others that call, and in turns other processes that take as much of the processors.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BIN = here('../bin/mcp-guard.js');
const PAGE = here('../docs/tenants.md');
const [FIRST, LAST] = ['<!-- many: written by bench/tenant-many.mjs -->', '<!-- /many -->'];
const has = (flag) => process.argv.includes(flag);
const CONFIGURED = 200;
const ACTIVE = has('--short') ? 10 : 50;
const ROUNDS = has('--short') ? 5 : 15;
/** So often each of the others calls, where they are at work. */
const CALL_EVERY_MS = 200;

const home = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-many-'));
const alive = new Set();

/** A config of so many tenants, each with what a customer has: an environment, a scope, limits, a level. */
function writeYard(count) {
  const yard = { config: join(home, `config-${count}.json`), state: join(home, `state-${count}`) };
  const block = (at) => ({
    servers: { srv: { env: { CUSTOMER: `number-${at}`, PLACE: `/srv/customers/${at}` } } },
    scopes: {
      all: { grants: [{ tool: 'get_*' }, { tool: 'list_*' }, { tool: 'echo' }], deny: [{ tool: 'get_secret' }] },
    },
    limits: [{ key: ['tool'], rate: '60/min', burst: 20 }],
    breaker: { maxInFlight: 2 },
    isolation: { required: 'L0', openFiles: 1024 },
  });
  const tenants = Object.fromEntries(Array.from({ length: count }, (_, at) => [`tenant-${at}`, block(at)]));
  const servers = {
    srv: { command: process.execPath, args: [here('../test/fixtures/servers/echo.mjs')], scope: 'all' },
  };
  const document = { version: 1, servers, scopes: { all: { grants: [{ tool: '*' }] } }, tenants };
  fs.writeFileSync(yard.config, JSON.stringify(document, undefined, 2), { mode: 0o600 });
  return yard;
}

/** Starts the guard of one tenant. @returns how long until it answered, ms, and how to end it */
async function start({ config, state }, tenant) {
  const args = [BIN, 'run', '--config', config, '--server', 'srv', '--tenant', tenant];
  const env = { PATH: process.env.PATH, HOME: home, MCP_GUARD_STATE_DIR: state };
  const begun = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  alive.add(child);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let asked = 0;
  const ask = async (method, params) => {
    const answered = new Promise((resolve) => child.stdout.once('data', resolve));
    asked += 1;
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: asked, method, params })}\n`);
    const line = await Promise.race([answered, exited]);
    if (!String(line).includes('"result"')) throw new Error(`${tenant}: ${line}`);
  };
  await ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'many', version: '1' },
  });
  const ms = performance.now() - begun;
  return {
    ms,
    cpuMs: cpuOf(child.pid),
    pid: child.pid,
    call: () => ask('tools/call', { name: 'echo', arguments: {} }),
    end: () => {
      child.stdin.end();
      alive.delete(child);
      return exited;
    },
  };
}

/** Memory that no other process shares, MiB; undefined where the system does not say. Linux. */
function ownMiB(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return (
      [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1024
    );
  } catch {
    return undefined;
  }
}

/** What the threads of a process have had of the processors, ms: as good as the same on a machine that does other things. Linux. */
function cpuOf(pid) {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/schedstat`);
    return threads.reduce((sum, path) => sum + Number(fs.readFileSync(path, 'latin1').split(' ')[0]) / 1e6, 0);
  } catch {
    return Number.NaN;
  }
}

/** Of a guard and its server. */
function cpuOfBoth(pid) {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? [];
  return [pid, ...children].reduce((sum, id) => sum + cpuOf(id), 0);
}

/** Starts and ends one tenant in each setting, in turns. @param settings `enter` and `leave` make what is around it */
async function compare(settings, rounds) {
  const found = settings.map(() => ({ ms: [], cpuMs: [], mib: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { yard, enter, leave }] of settings.entries()) {
      await enter?.();
      const guard = await start(yard, 'tenant-0');
      await guard.call();
      found[at].ms.push(guard.ms);
      found[at].cpuMs.push(guard.cpuMs);
      found[at].mib.push(ownMiB(guard.pid) ?? Number.NaN);
      await guard.end();
      await leave?.();
    }
  }
  return found.map(({ ms, cpuMs, mib }) => ({ ms: median(ms), cpuMs: median(cpuMs), mib: median(mib) }));
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const signalAll = (pids, signal) => {
  for (const pid of pids) process.kill(pid, signal);
};

/** Beside guards that call and, in turns, beside as many processes that take as much. @returns of each, and ms a second that each took */
async function compareBusy(yard, active) {
  let timers = [];
  const begin = () => {
    // one at a time: on a machine that does other things, too, they would pile up
    timers = active.map((guard) => {
      let isOpen = false;
      return setInterval(async () => {
        if (isOpen) return;
        isOpen = true;
        await guard.call();
        isOpen = false;
      }, CALL_EVERY_MS);
    });
  };
  const end = () => timers.forEach(clearInterval);
  const took = async (pids, of) => {
    const before = pids.map(of);
    await sleep(5_000);
    return median(pids.map((pid, at) => (of(pid) - before[at]) / 5));
  };
  begin();
  const guards = active.map(({ pid }) => pid);
  const guardMs = await took(guards, cpuOfBoth);
  end();
  const spin = `setInterval(() => { const end = performance.now() + ${(guardMs * CALL_EVERY_MS) / 1_000}; while (performance.now() < end); }, ${CALL_EVERY_MS})`;
  const others = guards.map(() => spawn(process.execPath, ['-e', spin], { stdio: 'ignore' }));
  for (const child of others) alive.add(child);
  const pids = others.map(({ pid }) => pid);
  await sleep(3_000);
  const otherMs = await took(pids, cpuOf);
  signalAll(pids, 'SIGSTOP');
  const settings = [
    { yard, enter: begin, leave: end },
    { yard, enter: () => signalAll(pids, 'SIGCONT'), leave: () => signalAll(pids, 'SIGSTOP') },
  ];
  const found = await compare(settings, ROUNDS);
  for (const child of others) {
    child.kill('SIGKILL');
    alive.delete(child);
  }
  return { guardMs, otherMs, found };
}

process.exitCode = 70;
try {
  const [one, many] = [writeYard(1), writeYard(CONFIGURED)];
  // the first one locks the config
  for (const yard of [one, many]) await (await start(yard, 'tenant-0')).end();
  const [few, all] = await compare([{ yard: one }, { yard: many }], ROUNDS);
  const active = [];
  for (let at = 1; at <= ACTIVE; at += 1) active.push(await start(many, `tenant-${at}`));
  await Promise.all(active.map((guard) => guard.call()));
  const memory = median(active.map(({ pid }) => ownMiB(pid) ?? Number.NaN));
  const pids = active.map(({ pid }) => pid);
  const stopped = { enter: () => signalAll(pids, 'SIGSTOP'), leave: () => signalAll(pids, 'SIGCONT') };
  const [idle, still] = await compare([{ yard: many }, { yard: many, ...stopped }], ROUNDS);
  const busy = has('--busy') ? await compareBusy(many, active) : undefined;
  const codes = await Promise.all(active.map((guard) => guard.end()));
  const found = {
    ...{ configured: CONFIGURED, active: ACTIVE, codes: [...new Set(codes)] },
    ...{ startMs: { oneConfigured: few.ms, allConfigured: all.ms, othersActive: idle.ms, othersStopped: still.ms } },
    startCpuMs: {
      oneConfigured: few.cpuMs,
      allConfigured: all.cpuMs,
      othersActive: idle.cpuMs,
      othersStopped: still.cpuMs,
    },
    ...{ guardMiB: memory, idleTenantKiB: ((all.mib - few.mib) * 1024) / (CONFIGURED - 1) },
  };
  const row = (name, { ms, cpuMs }) => `| ${name} | ${ms.toFixed(0)} | ${cpuMs.toFixed(0)} |`;
  const share = (ms) => `${(ms / 10).toFixed(1)} % of a core each`;
  const text = [
    '| the start of one tenant | ms | its CPU, ms |',
    '| --- | ---: | ---: |',
    row('one tenant in the config', few),
    row(`${CONFIGURED} in the config, in turns with that`, all),
    row(`and ${ACTIVE} sessions of others that wait`, idle),
    row('those stopped (SIGSTOP), in turns with that', still),
    ...(busy === undefined
      ? []
      : [
          row(`those at work: ${1_000 / CALL_EVERY_MS} calls a second, ${share(busy.guardMs)}`, busy.found[0]),
          row(
            `those waiting, and ${ACTIVE} other programs at ${share(busy.otherMs)}, in turns with that`,
            busy.found[1],
          ),
        ]),
    '',
    `Medians of ${ROUNDS}, until \`initialize\` is answered. A guard in a session has ${memory.toFixed(0)} MiB of its own, without its server; a tenant without one costs each`,
    `guard ${Math.max(0, found.idleTenantKiB).toFixed(1)} KiB. Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}.`,
  ].join('\n');
  process.stdout.write(has('--json') ? `${JSON.stringify(found)}\n` : `${text}\n`);
  if (has('--write')) {
    const page = fs.readFileSync(PAGE, 'utf8');
    const [before, after] = [page.indexOf(FIRST), page.indexOf(LAST)];
    if (before === -1 || after === -1) throw new Error('docs/tenants.md has no place for the figures');
    fs.writeFileSync(PAGE, `${page.slice(0, before + FIRST.length)}\n\n${text}\n\n${page.slice(after)}`);
  }
  process.exitCode = 0;
} finally {
  for (const child of alive) child.kill();
  fs.rmSync(home, { recursive: true, force: true });
}
