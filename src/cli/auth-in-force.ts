// What `auth` of a config and of its lock come to, before anything else of them is compiled: whose policy it is comes first.
import { dirname, resolve } from 'node:path';
import type { AuthPolicy } from '../config/auth-policy.ts';
import { compileAuth } from '../config/compile-auth.ts';
import type { ConfigDocument } from '../config/schema.ts';
import { memberOf } from '../wire/json.ts';
import type { ReadConfig } from './locked-policy.ts';

/** Undefined: nobody is asked who they are. INVARIANT: whom the config or the lock alone does not let in is not let in. */
export function authInForce({ judgement, policy }: Pick<ReadConfig, 'judgement' | 'policy'>): AuthPolicy | undefined {
  if (judgement.kind !== 'holds') return policy.auth;
  // two legal blocks combine to a legal one, which a test shows: the shape is that of the schema
  const auth = memberOf(judgement.combination.document, 'auth') as ConfigDocument['auth'];
  return compileAuth(auth, (path) => resolve(dirname(policy.source.path), path));
}
