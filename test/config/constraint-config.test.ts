// What is wrong inside the constraints of a grant: shown with pointer, key and value, and all at once.
import { describe, expect, test } from 'vitest';
import type { ConstraintPorts } from '../../src/policy/constraint/constraint-document.ts';
import { compile as compileBlindly, compilerWith } from './compiled.ts';

const PORTS: ConstraintPorts = {
  compilePattern: (source) => {
    const compiled = new RegExp(`^(?:${source})$`, 'u');
    return (text) => compiled.test(text);
  },
  realPath: (path) => path,
  homeDir: '/home/ada',
  bases: () => ['/started/here'],
  windows: false,
};

const { errorsOf } = compilerWith({ portsFor: () => PORTS });

const granting = (grant: object) => ({ version: 1, scopes: { files: { grants: [grant] } } });

describe('what is wrong in a constraint', () => {
  const args = (constraints: unknown) => errorsOf(granting({ tool: 'a', args: constraints }));

  test.each<[string, object, string]>([
    [
      'a pointer without its slash',
      { path: { equals: 1 } },
      'scopes.files.grants[0].args.path: `path` is no JSON pointer (RFC 6901): it must begin with `/`; write `/path`',
    ],
    [
      'a pointer with a lone tilde',
      { '/a~b': { equals: 1 } },
      'scopes.files.grants[0].args["/a~b"]: `/a~b` is no JSON pointer (RFC 6901): `~` stands alone; write `/a~0b`, or `~1` for a `/`',
    ],
    [
      'no pointer at all',
      { '': { equals: 1 } },
      'scopes.files.grants[0].args[""]: `` is no JSON pointer (RFC 6901): it must begin with `/`; name the argument, as `/path`',
    ],
    [
      'a kind that there is not',
      { '/path': { witin: ['/x'] } },
      'scopes.files.grants[0].args["/path"].witin: unknown key `witin`; did you mean `within`?',
    ],
    [
      'a value of the wrong type',
      { '/path': { within: '/x' } },
      'scopes.files.grants[0].args["/path"].within: `/x` is of the wrong type: found a string; write an array',
    ],
    [
      'an element of the wrong type',
      { '/path': { within: [5] } },
      'scopes.files.grants[0].args["/path"].within[0]: `5` is of the wrong type: found a number; write a string',
    ],
    [
      'a word that is not allowed',
      { '/q': { sql: 'readonly' } },
      'scopes.files.grants[0].args["/q"].sql: `readonly` is not allowed here: allowed: `read-only`; did you mean `read-only`?',
    ],
    [
      'a name as other places for secrets have it',
      { '/env': { maxLength: 'x' }, '/auth/headers': { min: 'y' } },
      'scopes.files.grants[0].args["/auth/headers"].min: `y` is of the wrong type: found a string; write a number',
    ],
    [
      'a number beyond all numbers',
      { '/n': { min: Number.POSITIVE_INFINITY } },
      'scopes.files.grants[0].args["/n"].min: `Infinity` is no finite number; write one that is at most about 1.8e308',
    ],
    [
      'one that is none, as a value to compare with',
      { '/n': { equals: Number.NaN } },
      'scopes.files.grants[0].args["/n"].equals: `NaN` is no finite number',
    ],
    [
      'one in a list',
      { '/n': { oneOf: [1, Number.NEGATIVE_INFINITY] } },
      'scopes.files.grants[0].args["/n"].oneOf[1]: `-Infinity` is no finite number',
    ],
    [
      'one for a count',
      { '/n': { maxLength: Number.POSITIVE_INFINITY } },
      'scopes.files.grants[0].args["/n"].maxLength: `Infinity` is no finite number',
    ],
  ])('%s is shown with pointer, key and value', (_, constraints, expected) => {
    expect(args(constraints).join('\n')).toContain(expected);
  });

  test('what stands where only constraints may stand is not quoted: it may have been meant as a command line', () => {
    for (const wrong of ['--token=hunter2', ['--token=hunter2'], { '/path': 'hunter2' }, { '/path': ['hunter2'] }]) {
      const errors = args(wrong);
      expect(errors).toHaveLength(1);
      expect(errors[0]).not.toContain('hunter2');
      expect(errors[0]).toMatch(/^scopes\.files\.grants\[0\]\.args.* is of the wrong type: found a/);
    }
  });

  test('the words of a server stay hidden, under a name like these, too', () => {
    const servers = { scopes: { command: 'a', args: ['hunter2', 5], env: { TOKEN: 7, 'hunter2 x': 'y' } } };
    const errors = errorsOf({ version: 1, servers, scopes: { args: { grants: 'hunter2' } } }).join('\n');
    expect(errors).toContain('servers.scopes.args[1]');
    expect(errors).toContain('servers.scopes.env[…]');
    expect(errors).not.toContain('hunter2 x');
    const tenant = { tenants: { a: { servers: { b: { grants: [{ args: { TOKEN: 'hunter2' } }] } } } } };
    expect(errorsOf({ version: 1, ...tenant }).join('\n')).not.toContain('hunter2');
  });

  test('is told at once, whatever else is wrong and at whichever stage it is found', () => {
    const grants = [
      { tool: 'a', tol: 1, args: { '/p': { pattern: '(' }, path: { min: 3, max: 2 }, '/q': { min: 'x', max: 1 } } },
      { tool: 'b', args: { '/p': { within: ['x'] }, '/h': { host: ['http://a/b'] }, '/s': { schema: { $ref: '#' } } } },
      { tool: 'c', args: { [`/${'a/'.repeat(20)}a`]: {} }, expires: 'never' },
      { args: { '/p': { equals: 2 ** 60 } } },
      'no grant',
    ];
    const errors = errorsOf({
      version: 2,
      scopes: { files: { grants }, Bad: { grants: [{ tool: 'x', args: { '/p': { pattern: '[' } } }] }, no: 5 },
    });
    for (const expected of [
      /^version: /,
      /grants\[0\]\.tol: unknown key/,
      /files\.grants\[0\]\.args\["\/p"\]\.pattern: is no RE2 pattern/,
      /grants\[0\]\.args\.path: .* must begin with/,
      /grants\[0\]\.args\.path\.min: `min` is above `max`/,
      /grants\[0\]\.args\["\/q"\]\.min: .* wrong type/,
      /grants\[1\]\.args\["\/p"\]\.within\[0\]: must be an absolute directory/,
      /grants\[1\]\.args\["\/h"\]\.host\[0\]: must have one of the forms/,
      /grants\[1\]\.args\["\/s"\]\.schema\.\$ref: is refused/,
      /grants\[2\]\.args\[.*\]: must be a JSON pointer .* at most 16 segments/,
      /grants\[2\]\.expires: /,
      /grants\[3\]: names nothing/,
      /grants\[3\]\.args\["\/p"\]\.equals: must not be an integer beyond/,
      /grants\[4\]: /,
      /^scopes\.Bad: /,
      /^scopes\.Bad\.grants\[0\]\.args\["\/p"\]\.pattern: is no RE2 pattern/,
      /^scopes\.no: /,
    ]) {
      expect(
        errors.filter((error) => expected.test(error)),
        String(expected),
      ).toHaveLength(1);
    }
    expect(errors).toHaveLength(17);
    // where nothing can be compiled, nothing is guessed
    const blind = compileBlindly({ version: 2, scopes: { files: { grants } } });
    expect(blind.ok ? [] : blind.diagnostics.map(({ path }) => path)).not.toContain(
      'scopes.files.grants[0].args["/p"].pattern',
    );
  });
});
