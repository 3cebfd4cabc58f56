// Scopes and layers for tests, in the notation of a config. Paths, patterns and links are not for these tests.
import { compileScope } from '../../../src/config/compile-scope.ts';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { ConstraintPorts } from '../../../src/policy/constraint/constraint-document.ts';
import { buildLayer, type LayerRole, type Layers, type ScopeLayer } from '../../../src/policy/scope/scope-layer.ts';
import type { Scope } from '../../../src/policy/scope/scope-policy.ts';

const PORTS: ConstraintPorts = {
  compilePattern: () => {
    throw new Error('no patterns here');
  },
  realPath: (path) => path,
  homeDir: '/home/ada',
  bases: () => ['/site'],
  windows: false,
};

export function makeScope(document: ScopeDocument, name = 'files'): Scope {
  return compileScope(name, document, PORTS, (diagnostic) => {
    throw new Error(diagnostic.what);
  });
}

export function makeLayer(document: ScopeDocument, role: LayerRole = 'scope'): ScopeLayer {
  return buildLayer(role, [makeScope(document, role === 'scope' ? 'files' : role)]);
}

export function layersOf(document: ScopeDocument): Layers {
  return [makeLayer(document)];
}
