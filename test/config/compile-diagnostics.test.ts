// What is wrong with a config: each kind in words, all of them at once, and no secret among them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the notation
import { describe, expect, test } from 'vitest';
import { listRules } from '../../src/config/diagnostics.ts';
import { compilerWith } from './compiled.ts';

const VARIABLES = { HOME: '/home/ada', EMPTY: '', EVIL: 'a\nb', REF: 'env:SECRET' };
const { compile, errorsOf } = compilerWith({ variables: VARIABLES });

const server = (more: object) => ({ version: 1, servers: { files: { command: 'npx', ...more } } });

describe('diagnostics', () => {
  test.each<[string, unknown, string]>([
    ['no document', undefined, '(document)'],
    ['a string', 'x', '(document): `x` is of the wrong type: found a string; write an object'],
    ['no version', {}, 'version: required key is missing'],
    ['a later version', { version: 2 }, 'version: `2` is not allowed here: allowed: `1`; write `1`'],
    [
      'the version as text',
      { version: '1' },
      'version: "1" is a string: it must be the number itself; write `1`, without quotes',
    ],
    ['a misspelt key', { version: 1, serevrs: {} }, 'serevrs: unknown key `serevrs`; did you mean `servers`?'],
    ['a misspelt key below', server({ comand: 'x' }), 'servers.files.comand: unknown key `comand`'],
    ['a misspelt key in a tool', server({ tools: { a: { dedline: {} } } }), 'did you mean `deadline`?'],
    [
      'a key unlike any',
      { version: 1, zzzzzz: 1 },
      'remove it; known here: `$schema`, `version`, `servers`, `unlisted`, `strict`, `audit`, `model`, `shutdown`, `maxLineBytes`, `log`',
    ],
    ['the key of hosts', { version: 1, mcpServers: {} }, 'unknown key `mcpServers`; did you mean `servers`?'],
    ['a name of other tools', server({ environment: {} }), 'did you mean `env`?'],
    ['an alias where it is no key', { version: 1, environment: {} }, 'unknown key `environment`; remove it'],
    ['a slip towards a key that is not yet', { version: 1, bridg: true }, 'unknown key `bridg`; remove it'],
    ['a letter that is not near to another', server({ a: 1 }), 'unknown key `a`; remove it'],
    ['a name without a character', server({ tools: { '': {} } }), 'is no legal name: it is too short or too long'],
    [
      'a misspelt value',
      { version: 1, unlisted: 'denny' },
      'unlisted: `denny` is not allowed here: allowed: `deny`, `observe`; did you mean `deny`?',
    ],
    ['a bad id', { version: 1, servers: { Files: { command: 'a' } } }, 'servers.Files: `Files` is no legal name'],
    ['an id of 64', { version: 1, servers: { [`a${'b'.repeat(63)}`]: { command: 'a' } } }, 'is no legal name'],
    [
      'no command',
      { version: 1, servers: { files: {} } },
      'servers.files.command: required key is missing: there is nothing to start',
    ],
    [
      'a duration as text',
      server({ deadline: { hardMs: '5s' } }),
      'servers.files.deadline.hardMs: `5s` is of the wrong type: found a string; write a number',
    ],
    ['a duration of zero', server({ deadline: { hardMs: 0 } }), 'deadline.hardMs: `0` is out of range; use at least 1'],
    ['no command at all', server({ command: '' }), 'is out of range; use at least 1 character'],
    ['a fraction', server({ deadline: { hardMs: 1.5 } }), 'found a fraction; write an integer'],
    [
      'idle above hard',
      server({ deadline: { idleMs: 2, hardMs: 1 } }),
      'servers.files.deadline.idleMs: `2` is above `hardMs` (`1`)',
    ],
    ['idle above the default hard', server({ deadline: { idleMs: 3_600_001 } }), 'is above `hardMs` (`3600000`)'],
    [
      'a tool idle above its server',
      server({ deadline: { hardMs: 9 }, tools: { a: { deadline: { idleMs: 10 } } } }),
      'servers.files.tools.a.deadline.idleMs',
    ],
    [
      'term above kill',
      { version: 1, shutdown: { termAfterMs: 3, killAfterMs: 2 } },
      'shutdown.termAfterMs: `3` is above',
    ],
    [
      'delays in the wrong order',
      server({ restart: { firstDelayMs: 3, maxDelayMs: 2 } }),
      'servers.files.restart.firstDelayMs',
    ],
    ['a NUL in a command', server({ command: 'a\0b' }), 'servers.files.command'],
    ['a line break in an argument', server({ args: ['a\nb'] }), 'servers.files.args[0]'],
    [
      'a bad variable name',
      server({ env: { 'A=B': 'x' } }),
      'servers.files.env[…]: the key is no legal name: it is no name of',
    ],
    [
      'a reserved variable to pass on',
      server({ passEnv: ['A', 'MCP_GUARD_STATE_DIR'] }),
      'servers.files.passEnv[1]: a name that begins with `MCP_GUARD_` is reserved',
    ],
    ['a brace in a value', server({ env: { A: 'a${' } }), 'write `$${` for a literal `${`, or write `literal:`'],
    [
      'a reserved variable',
      server({ env: { MCP_GUARD_RUN: 'x' } }),
      'env.MCP_GUARD_RUN: a name that begins with `MCP_GUARD_` is reserved',
    ],
    [
      'a bad pointer',
      { version: 1, model: { metaPaths: ['model'] } },
      'model.metaPaths[0]: `model` is malformed: it is read as a JSON pointer',
    ],
    [
      'an unset variable',
      server({ args: ['a', '${NOPE}'] }),
      'servers.files.args[1]: cannot be expanded: the variable `NOPE` is not set',
    ],
    ['a variable with a line break', server({ cwd: '${EVIL}' }), 'holds a line break or NUL'],
    ['a default in a variable', server({ command: '${A:-b}' }), 'is no `${NAME}`'],
    ['an unclosed variable', server({ command: '${HOME' }), 'cannot be expanded'],
    ['an exec reference', server({ env: { A: 'exec:["op"' } }), 'what follows `exec:` is no program with arguments'],
    ['a keychain reference', server({ env: { A: 'keychain:x' } }), 'is no service and account'],
    ['a variable of the guard in an argument', server({ args: ['${MCP_GUARD_TOKEN}'] }), "is the guard's own"],
    ['a variable of the guard in the command', server({ command: '/${MCP_GUARD_X}' }), "is the guard's own"],
    [
      'one in another case, which Windows reads as the same',
      server({ args: ['${mcp_guard_Token}'] }),
      "is the guard's own",
    ],
    ['a reference to one in another case', server({ env: { A: 'env:Mcp_Guard_Token' } }), 'is reserved'],
    ['a variable of the guard in a directory', server({ cwd: '/${MCP_GUARD_X}' }), "is the guard's own"],
    ['a variable of the guard in a value', server({ env: { A: 'x${MCP_GUARD_TOKEN}' } }), "is the guard's own"],
    ['a variable of the guard in a path', server({ env: { A: 'file:/${MCP_GUARD_X}' } }), "is the guard's own"],
    ['a reference to a variable of the guard', server({ env: { A: 'env:MCP_GUARD_TOKEN' } }), 'is reserved'],
    ['a bad env reference', server({ env: { A: 'env:A B' } }), 'what follows `env:` is no name of a variable'],
    ['a relative file reference', server({ env: { A: 'file:./x' } }), 'what follows `file:` is no absolute path'],
    [
      'a variable where none is expanded',
      { version: 1, log: { file: '${HOME}/x' } },
      'log.file: variables are not expanded here',
    ],
    ['a deep document', { version: 1, servers: nest(100) }, 'nested deeper than 64 levels'],
    ['a huge document', { version: 1, servers: Array.from({ length: 100_001 }, () => 1) }, 'more than 100000 values'],
    [
      '__proto__',
      JSON.parse('{"version":1,"servers":{"__proto__":{"command":"x"}}}'),
      'servers.__proto__: illegal key',
    ],
    ['a YAML date', { version: 1, model: { id: new Date(0) } }, 'found a date (quote it)'],
  ])('%s', (_, document, expected) => {
    expect(errorsOf(document).join('\n')).toContain(expected);
  });

  test('come all at once: shape, what is not yet, what does not fit, variables', () => {
    const errors = errorsOf({
      version: 1,
      sevrers: {},
      bridge: true,
      shutdown: { termAfterMs: 9, killAfterMs: 1 },
      servers: { files: { command: '${NOPE}', url: 'https://a.test', onExit: 'maybe' }, other: { args: [1] } },
    });
    const places = errors.map((error) => error.split(':')[0]);
    expect(places.toSorted()).toEqual(
      [
        'bridge',
        'servers.files.command',
        'servers.files.url',
        'servers.files.onExit',
        'servers.other.args[0]',
        'servers.other.command',
        'sevrers',
        'shutdown.termAfterMs',
      ].toSorted(),
    );
  });

  test('come all at once, also from below keys that are illegal themselves', () => {
    const files = {
      comand: 'x',
      args: [1],
      env: { 'A B': 2, '1': 'exec:' },
      tools: { '': { deadline: { hardMs: 0 } } },
    };
    const places = errorsOf({ version: 1, servers: { Files: files, renamed0: { command: 1 }, 'B C': 5 } }).map(
      (error) => error.split(': ')[0],
    );
    expect(places.toSorted()).toEqual(
      [
        'servers.Files',
        'servers.Files.command',
        'servers.Files.comand',
        'servers.Files.args[0]',
        'servers.Files.env[…]',
        'servers.Files.env[…]',
        'servers.Files.env[…]',
        'servers.Files.env[…]',
        'servers.Files.tools[""]',
        'servers.Files.tools[""].deadline.hardMs',
        'servers.renamed0.command',
        'servers["B C"]',
        'servers["B C"]',
      ].toSorted(),
    );
  });

  test('look below the first 200 illegal keys only: each costs a copy', () => {
    const servers = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`X${index}`, { command: 5 }]));
    expect(errorsOf({ version: 1, servers })).toHaveLength(300 + 200);
  });

  test('of one kind have their reason once', () => {
    const compiled = compile({ version: 1, a: 1, b: 2, bridge: true });
    if (compiled.ok) throw new Error('it compiled');
    expect(listRules(compiled.diagnostics)).toEqual([
      'a key that is not understood is refused, so that no policy is lost to a typing error',
      'a policy that is written down and not enforced would be trusted in vain',
    ]);
  });

  test('never quote a value of env', () => {
    const errors = errorsOf(server({ env: { A: 'hunter2\n', B: { hunter2: 1 }, C: 'keychain:hunter2' } }));
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(errors.join('\n')).not.toContain('hunter2');
  });

  test.each<[string, object]>([
    ['a key of env that is no name', { env: { 'TOKEN=hunter2': 'y' } }],
    ['a key below a value of env', { env: { A: JSON.parse('{"__proto__":1,"hunter2":{"__proto__":1}}') } }],
    ['env as text', { env: 'TOKEN=hunter2' }],
    ['env as a list', { env: ['TOKEN=hunter2'] }],
    ['what is no variable in env', { env: { A: '${hunter2 x}' } }],
    ['what is not closed in env', { env: { A: 'p$${a}${hunter-2 and hunter2' } }],
    ['a variable in env that is not set', { env: { A: 'p${hunter2}' } }],
    ['a variable in a file reference', { env: { A: 'file:/${hunter2}' } }],
    ['an env reference', { env: { A: 'env:hunter2!' } }],
    ['a name to pass on', { passEnv: ['TOKEN=hunter2'] }],
    ['a name of the guard to pass on', { passEnv: ['MCP_GUARD_X=hunter2'] }],
    ['a reference to a name of the guard', { env: { A: 'env:MCP_GUARD_hunter2' } }],
    ['a name of the guard in a value', { env: { A: '${MCP_GUARD_hunter2}' } }],
    ['a name of the guard in env', { env: { 'MCP_GUARD_X=hunter2': 'x' } }],
    ['names to pass on as text', { passEnv: 'TOKEN=hunter2' }],
    ['an argument with a line break', { args: ['--token=hunter2\n'] }],
    ['arguments as text', { args: '--token=hunter2' }],
    ['what is no variable in an argument', { args: ['--token=p${hunter2 x}'] }],
    ['an object as an argument', { args: [{ hunter2: JSON.parse('{"__proto__":1}') }] }],
  ])('quote nothing of %s', (_, more) => {
    const errors = errorsOf(server(more));
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.join('\n')).not.toContain('hunter');
  });

  test.each<[string, object]>([
    ['under servers', { servers: { env: { 'TOKEN=hunter2': 'x' } } }],
    ['as text under servers', { servers: { env: 'TOKEN=hunter2' } }],
    ['under another case', { ENV: { 'hunter-2': JSON.parse('{"__proto__":1}') } }],
    ['under the name of other tools', { environment: { 'hunter-2': JSON.parse('{"__proto__":1}') } }],
  ])('quote nothing of an env in a wrong place: %s', (_, more) => {
    const errors = errorsOf({ version: 1, ...more });
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.join('\n')).not.toContain('hunter');
  });

  test('say where in a value a variable stands that cannot be read, and its name where that is no secret', () => {
    expect(errorsOf(server({ env: { A: 'ab${NOPE}' } }))[0]).toContain(
      'env.A: cannot be expanded: the variable at character 3 is not set; set it or write the value',
    );
    expect(errorsOf(server({ env: { A: 'file:${EVIL}' } }))[0]).toContain('at character 6 holds a line break or NUL');
    expect(errorsOf(server({ args: ['ab${A B}'] }))[0]).toContain('what begins at character 3 is no `${NAME}`');
    expect(errorsOf(server({ args: ['${EVIL}'] }))[0]).toContain('mend the value of `EVIL`');
  });

  test('still name the place where a server is itself called like a secret key', () => {
    const auth = { command: 'a', deadline: { hardMs: 0 }, tools: { env: { deadline: { hardMs: 0 } } } };
    const places = errorsOf({ version: 1, servers: { auth } }).map((error) => error.split(': ')[0]);
    expect(places).toContain('servers.auth.deadline.hardMs');
  });
});

function nest(levels: number): unknown {
  return levels === 0 ? {} : { a: nest(levels - 1) };
}
