// A test that cannot run here says so where nobody overlooks it: on stderr, with the reason. Knows no test.

/** Prints the reason, then skips: `skip` is the test context's own. */
export function skipLoudly(skip: (note: string) => never, reason: string): never {
  process.stderr.write(`\nSKIPPED, NOT TESTED: ${reason.replaceAll(/\s*\n\s*/g, ' | ')}\n\n`);
  return skip(reason);
}
