// How the URL of a redis is read. Pure. TRUST: it may hold a password, so no text that comes from here quotes any of it. Knows no
// connection and no config.

export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

export type RedisUrlReading =
  | { readonly ok: true; readonly place: RedisPlace }
  | { readonly ok: false; readonly why: string };

const DEFAULT_PORT = 6379;
const SCHEMES: ReadonlySet<string> = new Set(['redis:', 'rediss:']);

/** `redis[s]://[user[:password]@]host[:port][/database]`, and nothing more. */
export function readRedisUrl(text: string): RedisUrlReading {
  if (!URL.canParse(text)) return fail('it is no URL');
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  if (!SCHEMES.has(protocol)) return fail('it begins neither with `redis://` nor with `rediss://`');
  if (hostname === '') return fail('it names no host');
  const [, database = '0'] = /^\/?(\d{1,5})?$/.exec(pathname) ?? [undefined, ''];
  // What is not understood is not dropped: `?ssl=true` would be a connection without TLS.
  if (database === '' || search !== '' || hash !== '')
    return fail('what follows its host is more than a database number');
  const user = decode(username);
  const secret = decode(password);
  if (user === undefined || secret === undefined) return fail('its user or password has a `%` that begins no escape');
  return {
    ok: true,
    place: {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? DEFAULT_PORT : Number(port),
      tls: protocol === 'rediss:',
      username: user === '' ? undefined : user,
      password: secret === '' ? undefined : secret,
      database: Number(database),
    },
  };
}

function fail(why: string): RedisUrlReading {
  return { ok: false, why };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
