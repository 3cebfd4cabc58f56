// How each key of a config combines with the same key of the lock, so that only narrowing takes effect by itself: one table.
// Data only; how a rule is carried out stands in combine.ts. A test walks the schema and finds every key here, with the
// defaults of config/policy.ts. INVARIANT: a key that is not here counts as `approved`: it changes nothing until approved.
import type { Json } from '../../wire/json.ts';

export type FieldRule =
  /** No permission: what the config says holds. */
  | { readonly kind: 'free' }
  /** No order says which of two values is narrower: the approved one holds, with all that is below it. */
  | { readonly kind: 'approved' }
  /** Structural: where the two differ the server does not start. `absent`: what an absent key means. */
  | { readonly kind: 'equal'; readonly absent?: Json }
  /** Both are evaluated, as layers; narrowing is not this table's work. */
  | { readonly kind: 'both' }
  /** The smaller number holds. */
  | { readonly kind: 'smaller'; readonly absent: number }
  | { readonly kind: 'larger'; readonly absent: number }
  /** The earlier word of `order` holds. */
  | { readonly kind: 'stricter'; readonly order: readonly string[]; readonly absent: string }
  /** A list of limits: each of either holds (limit-rules.ts). */
  | { readonly kind: 'unite' }
  /** A list of permissions: what stands in both holds. */
  | { readonly kind: 'intersect' }
  /** Where to on the network: what both permit (network-reach.ts). */
  | { readonly kind: 'reach'; readonly absent: false }
  | { readonly kind: 'members'; readonly fields: Fields }
  /** Who may start a session: auth-rules.ts. */
  | { readonly kind: 'auth' }
  /** How drift of definitions is met: the stricter word, and the fields that both ignore. */
  | { readonly kind: 'pins' }
  /** Keyed by pattern, where more than one may match: tool-table.ts. */
  | { readonly kind: 'tools'; readonly fields: Fields }
  /** Keyed by id: an entry that is not in the lock does not start. */
  | { readonly kind: 'servers'; readonly fields: Fields };

export type Fields = Readonly<Record<string, FieldRule>>;

/** Strictest first. */
export const PIN_MODES = ['deny', 'warn', 'off'] as const;
export const APPROVALS = ['always', 'session', 'once', 'never'] as const;

const FREE: FieldRule = { kind: 'free' };
const APPROVED: FieldRule = { kind: 'approved' };
const EQUAL: FieldRule = { kind: 'equal' };
const UNITE: FieldRule = { kind: 'unite' };
const PINS: FieldRule = { kind: 'pins' };
const smaller = (absent: number): FieldRule => ({ kind: 'smaller', absent });
const larger = (absent: number): FieldRule => ({ kind: 'larger', absent });
const members = (fields: Fields): FieldRule => ({ kind: 'members', fields });
const stricter = (order: readonly string[], absent: string): FieldRule => ({ kind: 'stricter', order, absent });

const DEADLINE = members({ idleMs: smaller(Number.POSITIVE_INFINITY), hardMs: smaller(3_600_000) });

const TOOL_FIELDS: Fields = {
  deadline: DEADLINE,
  // an opening that is longer starves, one that is shorter hammers: neither is narrower
  breaker: APPROVED,
  limits: UNITE,
  pins: PINS,
  approve: stricter(APPROVALS, 'never'),
};

const SERVER_FIELDS: Fields = {
  command: EQUAL,
  args: { kind: 'equal', absent: [] },
  cwd: EQUAL,
  env: { kind: 'equal', absent: {} },
  passEnv: { kind: 'equal', absent: [] },
  url: EQUAL,
  headers: { kind: 'equal', absent: {} },
  prefix: EQUAL,
  separator: EQUAL,
  onExit: APPROVED,
  restart: APPROVED,
  deadline: DEADLINE,
  tools: { kind: 'tools', fields: TOOL_FIELDS },
  scope: { kind: 'both' },
  mode: stricter(['enforce', 'observe'], 'enforce'),
  start: APPROVED,
  startTimeoutMs: APPROVED,
  idleStopMs: APPROVED,
  breaker: APPROVED,
  limits: UNITE,
  pins: PINS,
  isolation: members({
    required: stricter(['L3', 'L2', 'L1', 'L0'], 'L0'),
    network: { kind: 'reach', absent: false },
    uid: APPROVED,
    gid: APPROVED,
    readable: APPROVED,
    writable: APPROVED,
    openFiles: smaller(Number.POSITIVE_INFINITY),
    processes: smaller(Number.POSITIVE_INFINITY),
    memoryBytes: smaller(Number.POSITIVE_INFINITY),
  }),
};

export const DOCUMENT_FIELDS: Fields = {
  $schema: FREE,
  // the schema knows one value
  version: FREE,
  servers: { kind: 'servers', fields: SERVER_FIELDS },
  // its default depends on `servers`: combine.ts fills it in before it compares
  unlisted: stricter(['deny', 'observe'], 'observe'),
  strict: stricter(['payload', 'envelope'], 'envelope'),
  audit: members({
    // the one that keeps more: a record that was promised is not to be had for an edit
    payload: stricter(['full', 'digest', 'off'], 'full'),
    maxBytes: larger(2_147_483_648),
    maxAgeDays: larger(30),
    onFailure: stricter(['deny', 'allow-and-count'], 'deny'),
    sync: stricter(['always', 'group'], 'group'),
    quota: APPROVED,
  }),
  model: APPROVED,
  shutdown: APPROVED,
  maxLineBytes: smaller(67_108_864),
  // whoever names the file chooses where text of a server is written
  log: members({ level: FREE, file: APPROVED }),
  scopes: { kind: 'both' },
  breaker: APPROVED,
  limits: UNITE,
  limitStore: APPROVED,
  loopGuard: members({ repeats: smaller(Number.POSITIVE_INFINITY) }),
  blastRadius: members({ tools: smaller(Number.POSITIVE_INFINITY), calls: smaller(Number.POSITIVE_INFINITY) }),
  auth: { kind: 'auth' },
  tenants: APPROVED,
  roles: { kind: 'both' },
  bridge: APPROVED,
  lock: stricter(['required', 'first-use'], 'first-use'),
  approvers: { kind: 'intersect' },
  lint: FREE,
};

/** The rule that decides about a key path of the schema (`servers.*.tools.*.limits.[].rate`); undefined: nobody thought of it. */
export function ruleFor(path: string): FieldRule | undefined {
  let rule: FieldRule = { kind: 'members', fields: DOCUMENT_FIELDS };
  for (const part of path.split('.')) {
    if (!('fields' in rule)) return rule;
    // free names: the rows below belong to each of them
    if (part === '*' && rule.kind !== 'members') continue;
    const next: FieldRule | undefined = Object.hasOwn(rule.fields, part) ? rule.fields[part] : undefined;
    if (next === undefined) return undefined;
    rule = next;
  }
  return rule;
}
