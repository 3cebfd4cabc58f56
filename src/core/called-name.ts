// How a client calls a tool or prompt, for what it and its model read. Records and rules have the server's own name.
import type { RequestView } from './interceptor.ts';

/** @param name the server's own */
export function calledName({ prefix }: Pick<RequestView, 'prefix'>, name: string): string {
  return prefix === undefined ? name : `${prefix}${name}`;
}
