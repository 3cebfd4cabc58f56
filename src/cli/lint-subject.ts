// The input of the lint rules, put together from a compiled config and from what is known of its servers. Reads nothing itself.
import { readExpiry } from '../config/check-scopes.ts';
import { showPath } from '../config/json-path.ts';
import { findLaunched } from '../config/launched-code.ts';
import type { Policy } from '../config/policy.ts';
import type { ConfigDocument } from '../config/schema.ts';
import { serverScopeOf } from '../config/server-scope.ts';
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import type { Inventory } from '../policy/inventory/known-list.ts';
import type {
  Definitions,
  LintInput,
  LintServer,
  Offer,
  OfferedTool,
  SurfacePoint,
} from '../policy/lint/lint-input.ts';
import type { ServerUse } from '../policy/lint/tool-use.ts';
import type { CommandOptions } from '../policy/lock/lock-command.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import type { ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';

export interface LintParts {
  readonly policy: Pick<Policy, 'servers' | 'scopes'>;
  /** As it was parsed. */
  readonly document: JsonObject;
  readonly lint: ConfigDocument['lint'];
  readonly nowMs: number;
  /** `--unused-days`: comes before what the config says. */
  readonly unusedDays: number | undefined;
  readonly ports: ConstraintPorts;
  /** What holds of an approved config; undefined where there is no lock that can be used. */
  readonly approved: { readonly policy: JsonObject; readonly pins: ReadonlyMap<string, PinSet> } | undefined;
  /** Why the lock does not count; undefined where it does, or there is none. */
  readonly lockRefused?: LintInput['lockRefused'];
  readonly offers: ReadonlyMap<string, Offer>;
  /** Servers that could not be asked anew (`--live`), and why. */
  readonly notAsked?: ReadonlyMap<string, string> | undefined;
  readonly uses: ReadonlyMap<string, ServerUse>;
  readonly definitions: ReadonlyMap<string, Definitions>;
  /** By server: why it is not started before somebody approves it. */
  readonly waits?: ReadonlyMap<string, string>;
  /** Servers that a ceiling enforces, whatever `mode` the config gives them. */
  readonly enforced?: ReadonlySet<string>;
  /** Behind the commands that a finding names. */
  readonly commandOptions?: CommandOptions;
  /** By server. */
  readonly ceilings: ReadonlyMap<string, readonly ScopeLayer[]>;
  readonly surfaces: ReadonlyMap<string, readonly SurfacePoint[]>;
}

const DEFAULT_UNUSED_DAYS = 30;

export function buildLintInput(parts: LintParts): LintInput {
  const { policy, document, lint, approved } = parts;
  const servers = [...policy.servers.values()].map((entry): LintServer => {
    const { id } = entry;
    const written = objectOf(memberOf(memberOf(document, 'servers'), id));
    const scopeName = memberOf(written, 'scope');
    const ceilings = parts.ceilings.get(id) ?? [];
    return {
      id,
      document: written,
      scopeName: typeof scopeName === 'string' ? scopeName : undefined,
      scope: serverScopeOf(parts.enforced?.has(id) === true ? { ...entry, mode: 'enforce' } : entry, ceilings),
      ceilings,
      offer: parts.offers.get(id),
      notAsked: parts.notAsked?.get(id),
      toolsByName: new Map(parts.offers.get(id)?.tools.map((tool) => [tool.name, tool])),
      use: parts.uses.get(id),
      launched: findLaunched(...commandOf(written)),
      pins: approved?.pins.get(id),
      definitions: parts.definitions.get(id),
      waits: parts.waits?.get(id),
      surface: parts.surfaces.get(id) ?? [],
    };
  });
  return {
    document,
    scopes: [...(policy.scopes?.values() ?? [])],
    hasScopes: policy.scopes !== undefined,
    servers,
    approved: approved?.policy,
    lockRefused: parts.lockRefused,
    commandOptions: parts.commandOptions ?? '',
    nowMs: parts.nowMs,
    unusedDays: parts.unusedDays ?? lint?.unusedDays ?? DEFAULT_UNUSED_DAYS,
    severities: lint?.rules ?? {},
    suppressions: (lint?.ignore ?? []).map(({ expires, tool, ...rest }) => ({
      ...rest,
      tool,
      // INVARIANT: check-lint.ts has refused what is no time; what slipped through has expired
      expiresAtMs: readExpiry(expires) ?? 0,
    })),
    ports: parts.ports,
    showPath,
  };
}

/** As it is written: `\${NAME}` is not replaced. */
function commandOf(written: JsonObject): [command: string, args: readonly string[]] {
  const [command, args] = [memberOf(written, 'command'), memberOf(written, 'args')];
  const words = Array.isArray(args) ? args.filter((one): one is string => typeof one === 'string') : [];
  return [typeof command === 'string' ? command : '', words];
}

export function offerOf({ lists }: Inventory): Offer | undefined {
  const { tools, prompts } = lists;
  if (tools === undefined) return undefined;
  return {
    tools: tools.entries.map(({ name, definition }): OfferedTool => {
      if (definition === undefined) return { name, isNameOnly: true };
      const { title, description, annotations, inputSchema } = definition;
      return { name, title, description, annotations, inputSchema };
    }),
    prompts:
      prompts?.isComplete === true && prompts.omitted === 0 ? prompts.entries.map(({ name }) => name) : undefined,
    isComplete: tools.isComplete && tools.omitted === 0,
    omitted: tools.omitted,
  };
}
