// Judges two runs of the suite: what failed, and what differs between the direct run and the guarded one. Pure.

const isFailure = (check) => check.status === 'FAILURE';

/** Checks of one scenario as comparable lines: a text may hold ids and times, so only identity and status count. */
const outline = (checks) => checks.map((check) => `${check.id} ${check.status}`);

/** What is in `lines` more often than in `others`. */
function without(lines, others) {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

/** One line for each scenario that did not come out the same. */
export function findDifferences(direct, guarded) {
  const names = new Set([...direct.scenarios.keys(), ...guarded.scenarios.keys()]);
  const differences = [];
  for (const name of names) {
    const before = outline(direct.scenarios.get(name) ?? []);
    const after = outline(guarded.scenarios.get(name) ?? []);
    const lost = without(before, after);
    const gained = without(after, before);
    if (!direct.scenarios.has(name) || !guarded.scenarios.has(name)) differences.push(`${name}: only one run has it`);
    else if (lost.length + gained.length > 0)
      differences.push(`${name}: direct has [${lost.join(', ')}], guarded has [${gained.join(', ')}]`);
  }
  return differences;
}

/**
 * The verdict on one revision. `failed` counts what a server has to pass and the guarded one does not, and every
 * difference to the direct run; what nobody has to pass (extensions that the server lacks) may fail, in both alike.
 */
export function judge(direct, guarded) {
  const all = [...guarded.scenarios.values()].flat();
  const scored = [...guarded.scenarios]
    .filter(([name]) => !guarded.notScored.has(name))
    .flatMap(([, checks]) => checks);
  const problems = [
    ...scored.filter(isFailure).map((check) => `failed: ${check.id}: ${check.error}`),
    ...findDifferences(direct, guarded).map((line) => `different: ${line}`),
  ];
  if (scored.length === 0) problems.push('the suite ran no scenario');
  if (guarded.exitCode !== 0) problems.push(`the suite ended with ${guarded.exitCode} (direct: ${direct.exitCode})`);
  const unscored = all.filter(isFailure).length - scored.filter(isFailure).length;
  const note = `${direct.scenarios.size} scenarios; ${unscored} checks of optional extensions fail in both runs`;
  const passed = all.filter((check) => check.status === 'SUCCESS').length;
  return { passed, failed: problems.length, lines: [note, ...problems] };
}
