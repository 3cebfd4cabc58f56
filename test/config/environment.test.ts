import { describe, expect, test } from 'vitest';
import { bareEnvironment, cleanEnvironment } from '../../src/config/environment.ts';

describe('bareEnvironment', () => {
  test.each([
    'MCP_GUARD_RUN',
    'MCP_GUARD_CONFIG',
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

  test("the guard's own names pass by no way", () => {
    expect(cleanEnvironment({ MCP_GUARD_RUN: 'a' }, ['MCP_GUARD_RUN'], { MCP_GUARD_CONFIG: 'b' })).toEqual({});
  });
});
