// One pinned server, and what its answers and its client's calls come to: the scene of the tests of pins.
import type { RequestView } from '../../../src/core/interceptor.ts';
import type { PinSet } from '../../../src/policy/pins/pin-set.ts';
import { createPins, type PinnedServer, type PinParts } from '../../../src/policy/pins/pins.ts';
import type { SeenSet } from '../../../src/policy/pins/seen-set.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

const NOW = { wallMs: 0, monoMs: 0 };
export const READ = {
  name: 'read',
  description: 'reads a file',
  inputSchema: { type: 'object', properties: { path: {} } },
};
export const WRITE = { name: 'write', title: 'Write', annotations: { readOnlyHint: false } };

type Finding = Parameters<PinParts['onFinding']>[0];

export function setUp(
  approved: PinSet | undefined,
  config?: JsonObject,
  isObserved = false,
  more: Partial<PinnedServer> = {},
) {
  let findings: Finding[] = [];
  const listed: SeenSet[] = [];
  let isPaused = false;
  const known = approved === undefined ? undefined : { pins: approved, hasInstructions: true };
  const interceptor = createPins({
    servers: new Map([['files', { known, since: 'approved', config, isObserved, ...more }]]),
    isPaused: (server) => isPaused && server === 'files',
    commandOptions: ' --config /srv/mcp.json',
    onFinding: (finding) => findings.push(finding),
    onListed: (_, seen) => listed.push(seen),
  });
  const view = (method: string, tool?: string, more: Partial<RequestView> = {}): RequestView => ({
    ...{ asked: 'client', upstream: 'files', method, tool, params: undefined, modern: false },
    ...more,
  });
  const takeFindings = (): readonly Finding[] => {
    const found = findings;
    findings = [];
    return found;
  };
  const listAs = (request: RequestView, result: JsonObject, repeat?: number) => {
    interceptor.onRequest?.(request, NOW);
    request.params = undefined;
    return interceptor.onResponse?.(request, result, NOW, repeat);
  };
  return {
    pins: { takeFindings, isInUse: interceptor.isInUse },
    listed,
    pause: (paused: boolean) => {
      isPaused = paused;
    },
    list: (tools: Json, more?: JsonObject, repeat?: number) =>
      interceptor.onResponse?.(view('tools/list'), { tools, ...more }, NOW, repeat),
    page: (cursor: string | undefined, tools: Json, nextCursor?: string, repeat?: number) =>
      listAs(
        view('tools/list', undefined, { params: cursor === undefined ? {} : { cursor } }),
        nextCursor === undefined ? { tools } : { tools, nextCursor },
        repeat,
      ),
    answer: (method: string, result: JsonObject) => interceptor.onResponse?.(view(method), result, NOW),
    call: (tool: string, more?: Partial<RequestView>) => interceptor.onRequest?.(view('tools/call', tool, more), NOW),
    listFrom: (upstream: string, tools: Json) =>
      interceptor.onResponse?.(view('tools/list', undefined, { upstream }), { tools }, NOW),
  };
}
export const removed = (...indexes: number[]) => [{ kind: 'remove', array: ['tools'], indexes }];
