// What of the guard's environment a server gets: in a bare run, cleaned, and as a tenant's.
import { describe, expect, test } from 'vitest';
import { bareEnvironment, cleanEnvironment, machineProxies, tenantEnvironment } from '../../src/config/environment.ts';

describe('bareEnvironment', () => {
  test.each([
    'MCP_GUARD_RUN',
    'MCP_GUARD_CONFIG',
    'mcp_guard_token',
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'DYLD_INSERT_LIBRARIES',
    'BASH_ENV',
    'LD_X\nY',
  ])('withholds `%s` and says so', (name) => {
    const { env, withheld } = bareEnvironment({ [name]: 'x', API_KEY: 'k' });
    expect(env).toEqual({ API_KEY: 'k' });
    expect(withheld).toEqual([name]);
  });

  test.each([
    'API_KEY',
    'ENV',
    'NODE_ENV',
    'MY_NODE_OPTIONS',
    'MCP_SERVER',
    'OLD_PATH',
    'a.b',
    '__proto__',
    'NODE_OPTIONS2',
  ])('passes `%s` on', (name) => {
    const given = Object.fromEntries([[name, '() { :; }']]);
    expect(Object.entries(bareEnvironment(given).env)).toEqual([[name, '() { :; }']]);
  });

  test('withheld names are sorted, absent values are left out', () => {
    const { env, withheld } = bareEnvironment({
      NODE_OPTIONS: 'x',
      LD_PRELOAD: 'y',
      GONE: undefined,
      BASH_ENV: undefined,
    });
    expect(env).toEqual({});
    expect(withheld).toEqual(['LD_PRELOAD', 'NODE_OPTIONS']);
  });
});

describe('cleanEnvironment', () => {
  test.each([
    ...['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'XDG_STATE_HOME'],
    ...['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'NO_PROXY', 'all_proxy', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
    ...['npm_config_registry', 'SSH_AUTH_SOCK', 'DOCKER_HOST', 'SystemRoot', 'Path', 'ProgramFiles(x86)', 'TEMP'],
  ])('lets `%s` through', (name) => {
    expect(cleanEnvironment({ [name]: 'v' }, [], {})).toEqual({ [name]: 'v' });
  });

  test.each([
    ...[
      'API_KEY',
      'AWS_SECRET_ACCESS_KEY',
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'BASH_ENV',
      'MCP_GUARD_RUN',
      'PATHX',
      'XPATH',
    ],
    ...['LANGUAGE_KEY', 'npm_package_name', 'XDG', 'LC', 'HOME\n', '__proto__', 'HTTPS_PROXY_PASSWORD'],
  ])('holds `%s` back', (name) => {
    expect(Object.keys(cleanEnvironment(Object.fromEntries([[name, 'v']]), [], {}))).toEqual([]);
  });

  test('`passEnv` adds names that are present, exactly as written', () => {
    const given = { API_KEY: 'k', api_key: 'l', OTHER: 'o' };
    expect(cleanEnvironment(given, ['API_KEY', 'ABSENT'], {})).toEqual({ API_KEY: 'k' });
  });

  test('`extra` goes on top', () => {
    expect(cleanEnvironment({ HOME: '/a', TZ: 'UTC' }, [], { HOME: '/b', NODE_OPTIONS: '--x' })).toEqual({
      HOME: '/b',
      TZ: 'UTC',
      NODE_OPTIONS: '--x',
    });
  });

  test('an inherited shell function is dropped, even if named; one that the operator wrote stays', () => {
    expect(cleanEnvironment({ TERM: '() { :; }', FN: '()', LANG: 'x()' }, ['FN'], { MINE: '() x' })).toEqual({
      LANG: 'x()',
      MINE: '() x',
    });
  });

  test.each(['MCP_GUARD_RUN', 'Mcp_Guard_Token'])("the guard's own name `%s` passes by no way", (name) => {
    expect(cleanEnvironment({ [name]: 'a' }, [name], { [name]: 'b' })).toEqual({});
  });
});

describe('a tenant’s', () => {
  const given = {
    ...{
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      TZ: 'UTC',
      TERM: 'xterm',
      SSL_CERT_FILE: '/ca',
      NODE_OPTIONS: '--x',
      LD_PRELOAD: '/x',
    },
    ...{
      HOME: '/home/ada',
      USER: 'ada',
      LOGNAME: 'ada',
      SHELL: '/bin/zsh',
      TMPDIR: '/home/ada/tmp',
      TMP: '/t',
      TEMP: '/t',
    },
    ...{
      XDG_CONFIG_HOME: '/home/ada/c',
      XDG_ANY: 'x',
      npm_config_token: 's3cret',
      NPM_CONFIG_X: 'y',
      SSH_AUTH_SOCK: '/s',
      DOCKER_HOST: 'd',
    },
    ...{
      HTTP_PROXY: 'http://proxy:1',
      https_proxy: 'http://u:s3cret@proxy',
      ALL_PROXY: 'u:s3cret@proxy',
      NO_PROXY: 'a.b',
    },
    ...{ GITHUB_TOKEN: 's3cret', MCP_GUARD_TOKEN: 's3cret', WANTED: 'w', BASH_FUNC: '() { :; }' },
  };
  const places = { HOME: '/t/home', TMPDIR: '/t/tmp', USER: 'acme' };

  test('is built from nothing: the machine’s, what is named, what is set, its own places', () => {
    expect(tenantEnvironment(given, ['WANTED'], { KEY: 'k' }, places)).toEqual({
      ...{ PATH: '/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', TERM: 'xterm', SSL_CERT_FILE: '/ca' },
      ...{ HTTP_PROXY: 'http://proxy:1', NO_PROXY: 'a.b', WANTED: 'w', KEY: 'k', ...places },
    });
  });

  test.each([
    'http://u:p@h',
    ' http://u:p@h',
    '\thttp://u:p@h',
    'u:p@h',
    'http://h/x@y',
    'http://h:1/?k=s3cret',
    'http:u:p@h',
  ])('a proxy that may hold a password is nobody else’s: %j', (proxy) => {
    const given = { http_proxy: proxy, https_proxy: 'http://h:1' };
    expect(tenantEnvironment(given, [], {}, places)).toEqual({ https_proxy: 'http://h:1', ...places });
    expect(machineProxies(given)).toEqual({ https_proxy: 'http://h:1' });
  });

  test('places are replaced by nothing; what is named is passed on', () => {
    const env = tenantEnvironment(
      given,
      ['HOME', 'SSH_AUTH_SOCK', 'MCP_GUARD_TOKEN'],
      { TMPDIR: '/x', MCP_GUARD_A: '1' },
      places,
    );
    expect(env).toMatchObject({ ...places, SSH_AUTH_SOCK: '/s' });
    expect(Object.keys(env).filter((name) => name.startsWith('MCP_GUARD_'))).toEqual([]);
  });
});
