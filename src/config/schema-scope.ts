// The shape of a scope, in zod: what is granted, what is denied, what an argument must be like. Knows no meaning: what fits together
// stands in check-scopes.ts and check-constraints.ts.
import * as z from 'zod';
import { expires, pattern, pointer, text } from './schema-words.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const constraintSchema = z.strictObject({
  equals: scalar.optional(),
  oneOf: z.array(scalar).min(1).optional(),
  pattern: text.optional(),
  prefix: text.optional(),
  maxLength: z.int().min(0).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  within: z.array(text).min(1).optional(),
  host: z.array(text).min(1).optional(),
  sql: z.literal('read-only').optional(),
  absent: z.literal(true).optional(),
  schema: z.record(z.string(), z.json()).optional(),
  optional: z.boolean().optional(),
});

const target = {
  tool: pattern.optional(),
  resource: pattern.optional(),
  prompt: pattern.optional(),
  request: pattern.optional(),
  method: pattern.optional(),
};
/** An entry of `scopes`. */
export const scope = z.strictObject({
  grants: z
    .array(
      z.strictObject({
        ...target,
        args: z.record(pointer, constraintSchema).optional(),
        additional: z.boolean().optional(),
        reason: text.optional(),
        owner: text.optional(),
        expires: expires.optional(),
        approve: z.enum(['always', 'once', 'session']).optional(),
      }),
    )
    .optional(),
  deny: z.array(z.strictObject({ ...target, reason: text.optional() })).optional(),
});

export type ScopeDocument = z.infer<typeof scope>;
