// The single values that a config is made of, in zod: names, texts, numbers, dates. Knows no key that they stand under; what is wrong with
// one that does not fit is said in diagnostics.ts, by the word that is its `error` here.
import * as z from 'zod';
import { DOMAIN_PATTERN } from './domain-name.ts';

/** Names of servers, scopes, tenants and roles. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const DAY_MS = 86_400_000;
export const MIB = 1_048_576;

export const id = z.string().regex(ID_PATTERN, { error: 'id' });
export const text = z.string().min(1).max(4096);
/** Nothing that could end a line or a C string: these become argv and environment of a process. */
export const argument = z
  .string()
  .max(131_072)
  .regex(/^[^\0\r\n]*$/, { error: 'argument' });
export const pattern = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}]+$/u, { error: 'pattern' });
export const pointer = z.string().regex(/^(\/([^~/]|~[01])*)+$/, { error: 'pointer' });
export const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_()]*$/, { error: 'variable' });
/** An Ed25519 key: 32 bytes, base64. */
export const approver = z.string().regex(/^ed25519:[A-Za-z0-9+/]{43}=$/, { error: 'approver' });
export const ms = (max: number) => z.int().min(1).max(max);
export const count = z.int().min(1).max(1_000_000);
export const domain = z.string().regex(DOMAIN_PATTERN, { error: 'domain' });
export const rate = z.string().regex(/^[1-9][0-9]{0,8}\/(s|min|h|day)$/, { error: 'rate' });
/** The last moment of a grant, in UTC: a day, or a time of it. */
export const expires = z.string().regex(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/, { error: 'expires' });
