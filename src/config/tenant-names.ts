// Names that no tenant of a config can have though they look like one. The edge refuses them once more (src/tenant), where a name becomes a
// path; a test holds both to the same names. Knows no path.

const TAKEN = /^(?:run|projects|lock|tokens|canaries|con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** Of the guards of a machine together, or a device of Windows. */
export function isTakenTenant(id: string): boolean {
  return TAKEN.test(id);
}
