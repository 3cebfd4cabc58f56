// `node bench/tenant-many.mjs [--short] [--json] [--write]`: 200 tenants in one config, 50 of them (10 with --short) at work at once: what the
// start of one takes with one and with all of them in the config, with nobody and with all of the others at work, and what each costs.
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
  const ask = async (id, method, params) => {
    const answered = new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const line = await Promise.race([answered, exited]);
    if (!String(line).includes('"result"')) throw new Error(`${tenant}: ${line}`);
  };
  await ask(1, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'many', version: '1' },
  });
  const ms = performance.now() - begun;
  return {
    ms,
    pid: child.pid,
    call: () => ask(2, 'tools/call', { name: 'echo', arguments: {} }),
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

/** Starts and ends one tenant in each yard, in turns. */
async function compare(yards, rounds) {
  const found = yards.map(() => ({ ms: [], mib: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, yard] of yards.entries()) {
      const guard = await start(yard, 'tenant-0');
      await guard.call();
      found[at].ms.push(guard.ms);
      found[at].mib.push(ownMiB(guard.pid) ?? Number.NaN);
      await guard.end();
    }
  }
  return found.map(({ ms, mib }) => ({ ms: median(ms), mib: median(mib) }));
}

process.exitCode = 70;
try {
  const [one, many] = [writeYard(1), writeYard(CONFIGURED)];
  // the first one locks the config
  for (const yard of [one, many]) await (await start(yard, 'tenant-0')).end();
  const [few, all] = await compare([one, many], ROUNDS);
  const active = [];
  for (let at = 1; at <= ACTIVE; at += 1) active.push(await start(many, `tenant-${at}`));
  await Promise.all(active.map((guard) => guard.call()));
  const memory = median(active.map(({ pid }) => ownMiB(pid) ?? Number.NaN));
  const [among] = await compare([many], ROUNDS);
  const codes = await Promise.all(active.map((guard) => guard.end()));
  const found = {
    ...{ configured: CONFIGURED, active: ACTIVE, codes: [...new Set(codes)] },
    ...{ startMs: { oneConfigured: few.ms, allConfigured: all.ms, othersActive: among.ms } },
    ...{ guardMiB: memory, idleTenantKiB: ((all.mib - few.mib) * 1024) / (CONFIGURED - 1) },
  };
  const ms = (value) => `${value.toFixed(0)} ms`;
  const text = [
    '| | |',
    '| --- | ---: |',
    `| start, one tenant in the config | ${ms(few.ms)} |`,
    `| start, ${CONFIGURED} tenants in the config | ${ms(all.ms)} |`,
    `| start, ${CONFIGURED} in the config, ${ACTIVE} of them at work | ${ms(among.ms)} |`,
    `| memory of a guard at work, without its server | ${memory.toFixed(0)} MiB |`,
    `| memory that a tenant without a session costs each guard | ${Math.max(0, found.idleTenantKiB).toFixed(1)} KiB |`,
    '',
    `Medians of ${ROUNDS}; until \`initialize\` is answered; Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}.`,
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
