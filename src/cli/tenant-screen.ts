// `mcp-guard tenant list|show`: who there is, who is shut out, who is at work and what is kept of each. Knows no file.
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { fitName, wrapWords } from './text-width.ts';

export interface TenantFacts {
  readonly id: string;
  /** The config lists it; undefined where no config was found. */
  readonly isConfigured: boolean | undefined;
  readonly suspended: { readonly since: string; readonly actor: string; readonly reason: string } | undefined;
  readonly isSuspended: boolean;
  /** The last time; undefined: never. */
  readonly erased: { readonly at: string; readonly actor: string; readonly reason: string } | undefined;
  /** Of guards that run now. */
  readonly sessions: readonly { readonly pid: number; readonly servers: readonly string[] }[];
  readonly segments: number;
  /** Segments and payloads, as the quota counts them. */
  readonly recordBytes: number;
  /** `audit.quota.maxBytes` as the config has it; undefined: none, or no config. */
  readonly quotaBytes: number | undefined;
  /** Absolute. */
  readonly state: string;
  readonly homes: string;
}

/** Before the texts of `tenant show`. */
const INDENT = 12;

/** @returns the exit code: 0 */
export function showTenants(tenants: readonly TenantFacts[], isJson: boolean, io: CliIo): number {
  if (isJson) {
    for (const one of tenants) io.stdout.write(`${JSON.stringify(one)}\n`);
    return 0;
  }
  if (tenants.length === 0) {
    io.stdout.write('no tenants: the config lists none, and nobody has a record here\n');
    return 0;
  }
  const paint = makePaint(io.color);
  const width = Math.min(28, Math.max(6, ...tenants.map(({ id }) => id.length)));
  io.stdout.write(`${paint('quiet', `${'TENANT'.padEnd(width)}  STATE       SESSIONS  SEGMENTS    RECORD  CONFIG`)}\n`);
  for (const one of tenants) {
    const state = one.isSuspended
      ? paint('warn', one.erased === undefined ? 'SUSPENDED ' : 'ERASED    ')
      : one.sessions.length > 0
        ? paint('good', 'active    ')
        : 'idle      ';
    const numbers = `${String(one.sessions.length).padStart(8)}  ${String(one.segments).padStart(8)}  ${showBytes(one.recordBytes).padStart(8)}`;
    io.stdout.write(`${fitName(one.id, width)}  ${state}  ${numbers}  ${showConfigured(one)}\n`);
  }
  for (const one of tenants.filter(isFull))
    io.stdout.write(`${paint('warn', 'FULL')} ${makeInert(one.id)}: see \`mcp-guard tenant show ${one.id}\`\n`);
  return 0;
}

export function showTenant(one: TenantFacts, isJson: boolean, io: CliIo): number {
  if (isJson) return showTenants([one], true, io);
  const paint = makePaint(io.color);
  const { suspended, erased } = one;
  const rows: readonly (readonly [string, string])[] = [
    ['state', one.isSuspended ? 'SUSPENDED' : one.sessions.length > 0 ? 'active' : 'idle'],
    ...(suspended === undefined
      ? []
      : [['since', suspended.since] as const, ['by', suspended.actor] as const, ['reason', suspended.reason] as const]),
    ...(one.isSuspended && suspended === undefined
      ? [['reason', 'unknown: what lies there cannot be read'] as const]
      : []),
    ...(erased === undefined
      ? []
      : [['erased', erased.at] as const, ['by', erased.actor] as const, ['reason', erased.reason] as const]),
    ['config', showConfigured(one)],
    ['record', `${one.segments} segments, ${showBytes(one.recordBytes)}`],
    ...(one.quotaBytes === undefined ? [] : [['quota', showBytes(one.quotaBytes)] as const]),
    ...(isFull(one)
      ? [
          ['', 'FULL: calls are denied, unless `audit.onFailure` says otherwise'] as const,
          ['', `to make room: \`mcp-guard tenant suspend ${one.id}\`,`] as const,
          ['', 'then `tenant resume`, then start a session (or two)'] as const,
        ]
      : []),
    ['state in', one.state],
    ['homes in', one.homes],
    ...one.sessions.map(({ pid, servers }) => ['session', `pid ${pid}: ${servers.join(', ')}`] as const),
  ];
  io.stdout.write(`${paint('strong', makeInert(one.id))}\n`);
  for (const [name, text] of [...rows, ['history', `\`mcp-guard tenant history ${one.id}\``] as const]) {
    // a path is to be copied whole
    const room = name.endsWith(' in') ? Number.POSITIVE_INFINITY : Math.max(20, io.columns - INDENT);
    const lines = wrapWords(makeInert(text), room);
    for (const [at, line] of lines.entries())
      io.stdout.write(`  ${paint('quiet', (at === 0 ? name : '').padEnd(INDENT - 2))}${line}\n`);
  }
  return 0;
}

function isFull({ recordBytes, quotaBytes }: TenantFacts): boolean {
  return quotaBytes !== undefined && recordBytes >= quotaBytes;
}

function showConfigured({ isConfigured }: TenantFacts): string {
  return isConfigured === undefined ? '-' : isConfigured ? 'yes' : 'no';
}

function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${Math.round(bytes / 1024)} KiB`;
  return bytes < 1_073_741_824 ? `${Math.round(bytes / 1_048_576)} MiB` : `${(bytes / 1_073_741_824).toFixed(1)} GiB`;
}
