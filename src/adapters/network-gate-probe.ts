// L3: whether this machine can let a sandbox reach named domains. The one place that finds @anthropic-ai/sandbox-runtime, which is
// optional; nothing of it is loaded into the guard. Knows no tenant and no config.
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { resolveCommand } from './command-path.ts';

export interface NetworkRuntime {
  readonly kind: 'there';
  /** What a gate imports, absolute. */
  readonly entry: string;
  /** The directory that holds the package and all that it imports. */
  readonly modules: string;
  /** What carries a connection into a sandbox that has no network, absolute. */
  readonly socat: string;
}

export type RuntimeOffer = NetworkRuntime | { readonly kind: 'missing'; readonly why: string };

const NAME = '@anthropic-ai/sandbox-runtime';
/** Its interface changes with every release: this one is driven, and tested. */
const VERSION = '0.0.78';
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** @param from a file beside whose `node_modules` it is looked for: the guard's own program @param path given by tests */
export function probeNetworkRuntime(
  platform: NodeJS.Platform,
  { from = process.argv[1] ?? '', path = SYSTEM_PATH }: { readonly from?: string; readonly path?: string } = {},
): RuntimeOffer {
  if (platform !== 'linux') return missing(`level L3 is built for Linux, and this is ${platform}`);
  let manifest: string;
  try {
    manifest = realpathSync(createRequire(realpathSync(from)).resolve(`${NAME}/package.json`));
  } catch {
    return missing(`\`${NAME}\` is not installed: run \`npm install ${NAME}@${VERSION}\` beside mcp-guard`);
  }
  const { version, main } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown; main?: unknown }; // of a package
  if (version !== VERSION || typeof main !== 'string')
    return missing(`\`${NAME}\` is there in version ${String(version)}, and this mcp-guard drives ${VERSION}`);
  const socat = resolveCommand('socat', path, '/');
  if (!socat.found) return missing('there is no `socat`: install socat');
  const entry = join(dirname(manifest), main);
  return { kind: 'there', entry, modules: findModules(entry), socat: socat.path };
}

/** The outermost `node_modules` of a path: links between packages (pnpm) stay within it. */
function findModules(entry: string): string {
  const step = `${sep}node_modules${sep}`;
  const at = entry.indexOf(step);
  return at === -1 ? dirname(entry) : entry.slice(0, at + step.length - 1);
}

function missing(why: string): RuntimeOffer {
  return { kind: 'missing', why };
}
