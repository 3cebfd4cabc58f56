// Reads V8's .cpuprofile: the time each function spent itself, the sampler's own overhead and idling apart. Runs nothing.
import { readFileSync } from 'node:fs';

const NOT_WORK = new Set(['(root)', '(idle)', '(program)']);

/** `url` without the folders above the project, so that a page made of it names no machine. */
const shorten = (url) => url.replace(/^file:\/\//, '').replace(/^.*\/(dist|bin|bench|node_modules)\//, '$1/');

/** Returns `{ busyMs, idleMs, functions: [{ name, where, selfMs }] }`, longest first. */
export function readProfile(path) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8'));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfUs = new Map();
  let idleUs = 0;
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber, columnNumber } = frames.get(id);
    if (NOT_WORK.has(functionName)) {
      idleUs += timeDeltas[i];
      return;
    }
    const where = url === '' ? '' : `${shorten(url)}:${lineNumber + 1}:${columnNumber + 1}`;
    const key = `${functionName || '(anonymous)'}\t${where}`;
    selfUs.set(key, (selfUs.get(key) ?? 0) + timeDeltas[i]);
  });
  const functions = [...selfUs]
    .map(([key, us]) => ({ name: key.split('\t')[0], where: key.split('\t')[1], selfMs: us / 1000 }))
    .sort((a, b) => b.selfMs - a.selfMs);
  return { busyMs: functions.reduce((sum, one) => sum + one.selfMs, 0), idleMs: idleUs / 1000, functions };
}
