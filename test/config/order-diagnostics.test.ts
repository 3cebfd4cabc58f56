// Errors of a config come in the order in which it is written, whoever finds them.
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/config/diagnostics.ts';
import { orderDiagnostics } from '../../src/config/order-diagnostics.ts';

const at = (path: string): Diagnostic => ({ path, what: path, why: '', mend: '' });

test('as they stand, what is missing where it belongs, of one place as they came', () => {
  const document = {
    servers: { b: { args: ['x', 'y'] }, a: { tools: { 'read.*': { pins: 5 } } } },
    scopes: { s: { grants: [{ tool: 1 }, { tool: 2 }] } },
  };
  const inOrder = [
    '(document)',
    'servers.b',
    'servers.b.command',
    'servers.b.args[…]',
    'servers.a.tools["read.*"].pins',
    'scopes.s.grants[0].tool',
    'scopes.s.grants[1]',
    'scopes.s.grants[1].args["/a.b]"].within[3]',
    'scopes.s.grants[1].tool',
  ].map(at);
  expect(orderDiagnostics(document, inOrder.toReversed()).map(({ path }) => path)).toEqual([
    '(document)',
    // of one place, as they came
    'servers.b.command',
    'servers.b',
    'servers.b.args[…]',
    'servers.a.tools["read.*"].pins',
    'scopes.s.grants[0].tool',
    'scopes.s.grants[1].args["/a.b]"].within[3]',
    'scopes.s.grants[1]',
    'scopes.s.grants[1].tool',
  ]);
});

test('a path that is nowhere ends the walk', () => {
  expect(orderDiagnostics({}, [at('x["\\"].'), at('')]).map(({ path }) => path)).toEqual(['x["\\"].', '']);
});
