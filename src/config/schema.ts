// The shape of a config file, complete from the first version, in zod (imported by the schema files only). Knows no file and no
// meaning: what is enforced yet stands in not-yet.ts, what fits together in semantics.ts, defaults in policy.ts.
import * as z from 'zod';
import { PINNED_FIELDS } from '../policy/pins/definition.ts';
import { breaker, breakerOfTool } from './schema-breaker.ts';
import { scope } from './schema-scope.ts';
import {
  approver,
  argument,
  count,
  DAY_MS,
  domain,
  expires,
  id,
  MIB,
  ms,
  pattern,
  pointer,
  rate,
  text,
  variable,
} from './schema-words.ts';

const deadline = z.strictObject({
  idleMs: ms(7 * DAY_MS).optional(),
  hardMs: ms(7 * DAY_MS).optional(),
});

const restart = z.strictObject({
  maxExits: z.int().min(1).max(100).optional(),
  withinMs: ms(DAY_MS).optional(),
  firstDelayMs: ms(600_000).optional(),
  maxDelayMs: ms(600_000).optional(),
});

const limit = z.strictObject({
  key: z.array(z.enum(['tenant', 'principal', 'client', 'model', 'server', 'tool'])).min(1),
  match: z.partialRecord(z.enum(['tenant', 'principal', 'client', 'model', 'server', 'tool']), pattern).optional(),
  rate: rate.optional(),
  burst: count.optional(),
  cost: z.record(pattern, z.int().min(0).max(1_000_000)).optional(),
  concurrency: count.optional(),
  bytes: z.strictObject({ in: rate.optional(), out: rate.optional() }).optional(),
  budget: z.strictObject({ calls: count, per: z.enum(['day', 'month']), timeZone: text }).optional(),
});

const pinMode = z.enum(['deny', 'warn', 'off']);
const pins = z.union([
  pinMode,
  z.strictObject({
    mode: pinMode.optional(),
    ignore: z.array(z.enum([...PINNED_FIELDS, 'instructions'])).optional(),
  }),
]);

const isolation = z.strictObject({
  required: z.enum(['L0', 'L1', 'L2', 'L3']).optional(),
  network: z.union([z.boolean(), z.array(domain).min(1).max(256)]).optional(),
  uid: z.int().min(1).optional(),
  gid: z.int().min(1).optional(),
  readable: z.array(text).optional(),
  writable: z.array(text).optional(),
  openFiles: z.int().min(16).max(1_048_576).optional(),
  processes: z.int().min(1).max(1_048_576).optional(),
  memoryBytes: z
    .int()
    .min(16 * MIB)
    .max(Number.MAX_SAFE_INTEGER)
    .optional(),
});

const tool = z.strictObject({
  deadline: deadline.optional(),
  breaker: breakerOfTool.optional(),
  limits: z.array(limit).optional(),
  pins: pins.optional(),
  approve: z.enum(['always', 'once', 'session']).optional(),
});

const server = z.strictObject({
  command: argument.min(1).optional(),
  args: z.array(argument).max(1024).optional(),
  cwd: argument.min(1).optional(),
  env: z.record(variable, argument).optional(),
  passEnv: z.array(variable).optional(),
  onExit: z.enum(['exit', 'restart']).optional(),
  restart: restart.optional(),
  deadline: deadline.optional(),
  tools: z.record(pattern, tool).optional(),
  url: z.url().optional(),
  headers: z.record(text, argument).optional(),
  scope: id.optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
  prefix: z.string().max(64).optional(),
  separator: z.string().max(8).optional(),
  start: z.enum(['eager', 'on-demand']).optional(),
  startTimeoutMs: ms(600_000).optional(),
  idleStopMs: ms(7 * DAY_MS).optional(),
  breaker: breaker.optional(),
  limits: z.array(limit).optional(),
  pins: pins.optional(),
  isolation: isolation.optional(),
});

const audit = z.strictObject({
  payload: z.enum(['full', 'digest', 'off']).optional(),
  maxBytes: z.int().min(MIB).max(Number.MAX_SAFE_INTEGER).optional(),
  maxAgeDays: z.int().min(1).max(36_500).optional(),
  onFailure: z.enum(['deny', 'allow-and-count']).optional(),
  sync: z.enum(['group', 'always']).optional(),
  quota: z.strictObject({ maxBytes: z.int().min(MIB) }).optional(),
});

const model = z.strictObject({ id: text.optional(), metaPaths: z.array(pointer).max(16).optional() });

const auth = z.strictObject({
  required: z.boolean().optional(),
  tokenFile: text.optional(),
  jwt: z
    .strictObject({
      issuer: text,
      audience: text,
      jwksFile: text.optional(),
      jwksUrl: z.url().optional(),
      // below, keys would be too old before the issuer is asked again (adapters/issuer-keys.ts)
      cacheMs: z.int().min(30_000).max(DAY_MS).optional(),
      algorithms: z.array(text).min(1),
      clockToleranceMs: z.int().min(0).max(300_000).optional(),
      claims: z
        .strictObject({ principal: text.optional(), tenant: text.optional(), roles: text.optional() })
        .optional(),
    })
    .optional(),
});

const lint = z.strictObject({
  rules: z.record(text, z.enum(['error', 'warn', 'off'])).optional(),
  ignore: z
    .array(z.strictObject({ rule: text, at: text, tool: pattern.optional(), reason: text, expires }))
    .max(1000)
    .optional(),
  unusedDays: z.int().min(1).max(3650).optional(),
});

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  servers: z.record(id, server).optional(),
  unlisted: z.enum(['deny', 'observe']).optional(),
  strict: z.enum(['envelope', 'payload']).optional(),
  audit: audit.optional(),
  model: model.optional(),
  shutdown: z
    .strictObject({ termAfterMs: z.int().min(0).max(60_000).optional(), killAfterMs: ms(120_000).optional() })
    .optional(),
  maxLineBytes: z
    .int()
    .min(65_536)
    .max(256 * MIB)
    .optional(),
  log: z
    .strictObject({ level: z.enum(['error', 'warn', 'info', 'debug']).optional(), file: argument.min(1).optional() })
    .optional(),
  scopes: z.record(id, scope).optional(),
  breaker: breaker.optional(),
  limits: z.array(limit).optional(),
  limitStore: z
    .strictObject({
      kind: z.enum(['memory', 'file', 'redis']),
      url: text.optional(),
      onStoreError: z.enum(['deny', 'local']).optional(),
    })
    .optional(),
  loopGuard: z.strictObject({ repeats: count }).optional(),
  blastRadius: z.strictObject({ tools: count.optional(), calls: count.optional() }).optional(),
  auth: auth.optional(),
  tenants: z
    .record(
      id,
      z.strictObject({
        servers: z.record(id, server).optional(),
        scopes: z.record(id, scope).optional(),
        limits: z.array(limit).optional(),
        breaker: breaker.optional(),
        audit: audit.optional(),
        model: model.optional(),
        isolation: isolation.optional(),
        canary: z.literal([true, false, 'stop']).optional(),
      }),
    )
    .optional(),
  roles: z.record(id, z.strictObject({ scopes: z.array(id).min(1), limits: z.array(limit).optional() })).optional(),
  bridge: z.boolean().optional(),
  lock: z.enum(['required', 'first-use']).optional(),
  approvers: z.array(approver).max(64).optional(),
  lint: lint.optional(),
});

/** What the schema of a ceiling is made of, too (schema-ceiling.ts). */
export const SHARED_PARTS = { audit, deadline, limit, pins };

/** A config file that has the right shape; nothing is filled in. */
export type ConfigDocument = z.infer<typeof configSchema>;
export type ServerDocument = z.infer<typeof server>;

/** The same shape as JSON Schema 2020-12, for editors. Shipped as docs/config.schema.json, which a test holds equal. */
export function buildJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
