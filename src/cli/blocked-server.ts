// Why a server does not start before somebody approves that, in words. Pure; decides nothing: combine.ts of the lock does.
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';

/** @param then what follows from it @returns undefined where it may start */
export function describeBlocked(
  judgement: LockJudgement,
  server: string,
  then: 'is not started' | 'nothing is sent to it',
): string | undefined {
  const blocked = judgement.kind === 'holds' ? judgement.combination.blocked.get(server) : undefined;
  if (blocked === undefined) return undefined;
  const keys = blocked.flatMap(({ path }) => (path.length > 2 ? [`\`${path[2]}\``] : []));
  const what = keys.length === 0 ? 'is new' : `has another ${keys.join(', ')} than was approved`;
  return `\`${server}\` ${what}, and ${then} before somebody approves that`;
}
