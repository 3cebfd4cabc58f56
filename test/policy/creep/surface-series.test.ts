// The surface over time: what is recorded, and nothing where nothing is.
import { describe, expect, it } from 'vitest';
import { countSurface, readApproval } from '../../../src/policy/creep/change-record.ts';
import { buildSeries, type SurfaceFacts } from '../../../src/policy/creep/surface-series.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const facts = (more: Partial<SurfaceFacts>): SurfaceFacts => ({
  ...{ steps: [], granted: 3, firstUses: [], sinceMs: undefined },
  ...more,
});
const grantedOf = (more: Partial<SurfaceFacts>) => buildSeries(facts(more), 0, 100, 5).map(({ granted }) => granted);
const usedOf = (more: Partial<SurfaceFacts>) => buildSeries(facts(more), 0, 100, 5).map(({ used }) => used);
const nothing = undefined;

describe('the surface over time', () => {
  it('is known of now alone where nothing is on record', () => {
    expect(grantedOf({})).toEqual([nothing, nothing, nothing, nothing, 3]);
    expect(grantedOf({ sinceMs: 0 })).toEqual([nothing, nothing, nothing, nothing, 3]);
  });

  it('is what a change left, and before the first what that found', () => {
    const steps = [
      { atMs: 30, before: 1, after: 2 },
      { atMs: 70, before: 2, after: 5 },
    ];
    expect(grantedOf({ steps, sinceMs: 0 })).toEqual([1, 2, 2, 5, 3]);
  });

  it('is not known before the record begins', () => {
    expect(grantedOf({ steps: [{ atMs: 70, before: 2, after: 5 }], sinceMs: 45 })).toEqual([nothing, nothing, 2, 5, 3]);
  });

  it('counts a tool from its first use on', () => {
    expect(usedOf({ firstUses: [10, 50, 100], sinceMs: 0 })).toEqual([1, 1, 2, 2, 3]);
    expect(usedOf({ firstUses: [50], sinceMs: 50 })).toEqual([nothing, nothing, 1, 1, 1]);
  });
});

describe('a change on record', () => {
  const policy = (grants: readonly JsonObject[], deny: readonly JsonObject[] = []): JsonObject => ({
    ...{ version: 1, servers: { files: { command: 'x', scope: 'notes' } } },
    scopes: { notes: { grants, deny } },
  });

  it('counts what can be named, of what is offered', () => {
    const after = policy([{ tool: 'read_*' }, { tool: 'write' }, { tool: 'gone' }], [{ tool: 'read_secret' }]);
    const tools = ['read_a', 'read_secret', 'write', 'move'];
    expect(countSurface({}, after, 'files', tools)).toEqual({ toolsBefore: 0, toolsAfter: 2 });
    expect(countSurface(after, policy([]), 'files', tools)).toEqual({ toolsBefore: 2, toolsAfter: 0 });
    const unscoped = { version: 1, servers: { files: { command: 'x' } } };
    expect(countSurface(unscoped, after, 'files', tools)).toEqual({ toolsBefore: 4, toolsAfter: 2 });
    expect(countSurface(unscoped, after, 'files', [])).toEqual({ toolsBefore: null, toolsAfter: null });
  });

  it('is who and why, then what it did to a server', () => {
    expect(
      readApproval({ stage: 'asked', actor: 'ada', reason: 'r', until: '2026-12-31T00:00:00.000Z', key: 'k' }),
    ).toEqual({
      ...{ stage: 'asked', who: 'ada', why: 'r', until: '2026-12-31T00:00:00.000Z' },
    });
    const counts = { byName: 1, byWildcard: 2, unscoped: 0, lost: 4, toolsBefore: 1, toolsAfter: null };
    expect(readApproval({ stage: 'server', asked: 's:1', ...counts })).toEqual({
      ...{ stage: 'server', asked: 's:1', before: 1, after: undefined, gained: 3, lost: 4 },
    });
  });

  it.each([undefined, {}, { stage: 'approved' }, { stage: 'failed' }, { stage: 1 }])(
    'is nothing else: %j',
    (detail) => {
      expect(readApproval(detail)).toBeUndefined();
    },
  );

  it.each(['1', -1, 1.5, null, true])('believes no count that is none: %j', (count) => {
    expect(readApproval({ stage: 'server', toolsBefore: count, lost: count })).toMatchObject({
      ...{ before: undefined, lost: 0, gained: 0, asked: '' },
    });
  });
});
