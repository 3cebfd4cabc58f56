// The homes of the users of this machine, as `~name` finds them. Knows no path rule. Only those of its own files: a directory service
// that knows more is not asked.
import { readFileSync } from 'node:fs';

const PASSWD = '/etc/passwd';

/** Reads when first asked, and once. Never throws. */
export function createUserHomes(file = PASSWD): (user: string) => string | undefined {
  let homes: ReadonlyMap<string, string> | undefined;
  return (user) => {
    homes ??= readHomes(file);
    return homes.get(user);
  };
}

function readHomes(file: string): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Windows has none
    return homes;
  }
  for (const line of text.split('\n')) {
    const [user = '', , , , , home = ''] = line.split(':');
    // as the system: the first entry of a name counts
    if (home.startsWith('/') && !homes.has(user)) homes.set(user, home);
  }
  return homes;
}
