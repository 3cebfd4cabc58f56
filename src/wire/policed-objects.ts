// Every object of a message whose members the guard or a policy reads by name, and what its members lead to. Data only: who checks
// the keys stands in object-check.ts and duplicates.ts. A test has the policies read what is made up for them, and turns red for a
// member that is not named here.
import { type KnownKeys, knowKeys } from './confusable.ts';
import * as keys from './protocol-keys.ts';

export interface Shape {
  /** What the object is called in the text of a refusal. */
  readonly place: string;
  readonly known: KnownKeys;
  /** INVARIANT: the same keys as `known`. */
  readonly members: ReadonlyMap<string, Member>;
  /**
   * What leads to nothing read, strangers too: `pinned` is approved as it stands, however deep; of a `table` a config may name a path
   * into it; of `payload` nothing is ever read.
   */
  readonly rest: 'pinned' | 'table' | 'payload';
}

export type Member =
  /** Known by name alone: of what is in it nothing is read. */
  | 'opaque'
  /** A constraint reads it, and looks at the keys itself (`confusable-argument.ts`). */
  | 'judged'
  /** A name or a URI, or a list of them: decides what is reached, so it must be safe text. */
  | 'text'
  | Below;

/** `one`: an object; `each`: the entries of a list or of a table. INVARIANT: for all that check keys, a list stands for its elements. */
export interface Below {
  readonly holds: 'one' | 'each';
  readonly shape: Shape;
}

type Members = Readonly<Record<string, Member>>;

function shapeOf(place: string, names: readonly string[], read: Members = {}, rest: Shape['rest'] = 'payload'): Shape {
  const members = new Map<string, Member>(names.map((name) => [name, 'opaque']));
  for (const [name, member] of Object.entries(read)) members.set(name, member);
  return { place, known: knowKeys(...members.keys()), members, rest };
}

const one = (shape: Shape): Below => ({ holds: 'one', shape });
const each = (shape: Shape): Below => ({ holds: 'each', shape });
/** For a shape that is in itself. */
const later = (holds: Below['holds'], shape: () => Shape): Below => ({
  holds,
  get shape() {
    return shape();
  },
});

const INFO = shapeOf('a `clientInfo` or `serverInfo`', ['name', 'version']);

const META_MEMBERS: Members = {
  'x-codex-turn-metadata': one(shapeOf('`x-codex-turn-metadata`', ['model'])),
  'io.modelcontextprotocol/aiInvocation': one(
    shapeOf('an `aiInvocation`', [], { model: one(shapeOf('the `model` of an `aiInvocation`', ['id'])) }),
  ),
  clientInfo: one(INFO),
  'io.modelcontextprotocol/clientInfo': one(INFO),
  'io.modelcontextprotocol/serverInfo': one(INFO),
  'io.modelcontextprotocol/related-task': one(shapeOf('a `related-task`', ['taskId'])),
};
const metaOf = (place: string): Shape => shapeOf(place, keys.META_KEYS, META_MEMBERS, 'table');

const ENTRY_TEXTS: Members = { name: 'text', uri: 'text' };
const entryOf = (list: string, rest: Shape['rest'] = 'payload'): Below =>
  each(shapeOf(`an entry of \`${list}\``, keys.ENTRY_KEYS, ENTRY_TEXTS, rest));
const LISTS: Members = {
  tools: entryOf('tools', 'pinned'),
  resources: entryOf('resources'),
  resourceTemplates: entryOf('resourceTemplates'),
  prompts: entryOf('prompts'),
};

const ERROR_DATA = shapeOf('the `data` of an error', [], {
  elicitations: each(shapeOf('an entry of `elicitations`', ['mode', 'url', 'elicitationId', 'message'])),
});
const errorOf = (place: string): Shape => shapeOf(place, keys.ERROR_KEYS, { data: one(ERROR_DATA) });

/** What may stand in an answer, or in the state of a task: at any depth. */
const ASKING: Members = {
  inputRequests: each(shapeOf('an entry of `inputRequests`', ['method', 'params'])),
  error: one(errorOf('the `error` of a task')),
  task: later('one', () => TASK),
  tasks: later('each', () => TASK),
  result: later('one', () => INNER_RESULT),
};
const TASK: Shape = shapeOf('a `task`', keys.TASK_KEYS, ASKING);
const INNER_RESULT: Shape = shapeOf(
  'a `result` within a result',
  ['resultType', 'isError', 'requestState', 'taskId', 'status', 'ttl', '_meta'],
  { ...ASKING, ...LISTS },
);

const LISTED = shapeOf('a capability', ['listChanged', 'subscribe']);
const CAPABILITIES = shapeOf('`capabilities`', ['logging', 'completions', 'experimental'], {
  extensions: one(shapeOf('the capability `extensions`', ['io.modelcontextprotocol/tasks'])),
  tools: one(LISTED),
  prompts: one(LISTED),
  resources: one(LISTED),
  tasks: one(
    shapeOf('the capability `tasks`', ['list', 'cancel'], {
      requests: one(shapeOf('the `requests` of the capability `tasks`', ['tools', 'sampling', 'elicitation'])),
    }),
  ),
});

export const PARAMS = shapeOf('`params`', keys.PARAMS_KEYS, {
  ...ASKING,
  name: 'text',
  uri: 'text',
  arguments: 'judged',
  _meta: one(metaOf('`params._meta`')),
  clientInfo: one(INFO),
  'io.modelcontextprotocol/clientInfo': one(INFO),
  ref: one(shapeOf('`params.ref`', ['type', 'title'], { name: 'text', uri: 'text' })),
  argument: one(shapeOf('`params.argument`', ['name', 'value'])),
  context: one(shapeOf('`params.context`', [], { arguments: 'judged' })),
  notifications: one(
    shapeOf('`params.notifications`', ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged', 'taskIds'], {
      resourceSubscriptions: 'text',
    }),
  ),
  inputResponses: each(
    shapeOf('an entry of `inputResponses`', [
      ...['action', 'content', 'role', 'model', 'stopReason', 'roots', 'resultType', '_meta'],
    ]),
  ),
});

export const RESULT = shapeOf('`result`', keys.RESULT_KEYS, {
  ...ASKING,
  ...LISTS,
  _meta: one(metaOf('`result._meta`')),
  capabilities: one(CAPABILITIES),
  serverInfo: one(INFO),
});

export const ERROR = errorOf('`error`');

/** An entry of a `table`: any key may be read. */
export const NAMELESS = shapeOf('an entry of a table', []);

export const ENVELOPE = shapeOf('the envelope', ['jsonrpc', 'id', 'method'], {
  params: one(PARAMS),
  result: one(RESULT),
  error: one(ERROR),
});
