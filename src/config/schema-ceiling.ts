// The shape of a ceiling file, in zod: of a config's keys those that can only take away, and of their values those that do. Knows no
// file, no meaning and no default. INVARIANT: nothing structural (`command`, `env` …) and nothing that could widen is a key here.
import * as z from 'zod';
import { SHARED_PARTS } from './schema.ts';
import { ceilingBreaker as breaker, ceilingBreakerOfTool as breakerOfTool } from './schema-breaker.ts';
import { scope } from './schema-scope.ts';
import { approver, id, pattern } from './schema-words.ts';

/** Built when it is asked for: most machines have no ceiling. */
export function buildCeilingSchema() {
  const { audit, deadline, limit, pins } = SHARED_PARTS;
  const deny = scope.shape.deny;

  const server = z.strictObject({
    scope: id.optional(),
    deny,
    mode: z.literal('enforce').optional(),
    deadline: deadline.optional(),
    breaker: breaker.optional(),
    tools: z
      .record(pattern, z.strictObject({ deadline: deadline.optional(), breaker: breakerOfTool.optional() }))
      .optional(),
    pins: pins.optional(),
    isolation: z.strictObject({ required: z.enum(['L1', 'L2', 'L3']) }).optional(),
  });

  return z.strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    servers: z.record(pattern, server).optional(),
    scopes: z.record(id, scope).optional(),
    deny,
    unlisted: z.literal('deny').optional(),
    strict: z.literal('payload').optional(),
    maxLineBytes: z.int().min(65_536).optional(),
    audit: z
      .strictObject({
        payload: z.enum(['full', 'digest']).optional(),
        maxBytes: audit.shape.maxBytes,
        maxAgeDays: audit.shape.maxAgeDays,
        onFailure: z.literal('deny').optional(),
        sync: z.literal('always').optional(),
      })
      .optional(),
    breaker: breaker.optional(),
    limits: z.array(limit).optional(),
    lock: z.literal('required').optional(),
    approvers: z.array(approver).max(64).optional(),
  });
}

/** A ceiling file that has the right shape. */
export type CeilingDocument = z.infer<ReturnType<typeof buildCeilingSchema>>;

/** The same shape as JSON Schema 2020-12, for editors. Shipped as docs/ceiling.schema.json, which a test holds equal. */
export function buildCeilingJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(buildCeilingSchema(), { io: 'input' });
}
