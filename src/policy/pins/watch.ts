// What is known of one server's definitions in this session: what was approved, what it has listed, which tools drifted. Pure;
// knows no request and no answer. attacker-controlled: everything that is listed.

import type { Json } from '../../wire/json.ts';
import { type Definition, isSameDefinition, readDefinition } from './definition.ts';
import { compareDefinitions, type ToolChange } from './drift.ts';
import { LONGEST_INSTRUCTIONS, PinRoom } from './pin-room.ts';
import type { PinSettings } from './pin-settings.ts';
import type { SeenSet } from './seen-set.ts';
import { indexNames } from './shadow.ts';

export interface DriftFinding {
  readonly server: string;
  /** Undefined: the instructions of the server. */
  readonly tool: string | undefined;
  /** Against what: an approval, or what was seen first where there is none. */
  readonly since: Since;
  /** `changed` against what was approved, or against what was seen first where nothing was. */
  readonly kind: 'changed' | 'added' | 'instructions';
  /** The pinned tool that the name of an added one reads like. */
  readonly like?: string;
  readonly change: ToolChange | undefined;
  readonly mode: 'deny' | 'warn';
}

export type Since = 'approved' | 'first_seen';

/** How one tool stands. */
export type Standing =
  | { readonly kind: 'fine' }
  | { readonly kind: 'drifted'; readonly mode: 'deny' | 'warn'; readonly change: ToolChange | undefined };

/** A tool that is not as it was approved. */
interface Drifted {
  /** What it was last seen as. */
  readonly as: Definition;
  /** How many definitions it has shown beside the approved one. */
  readonly faces: number;
  readonly change: ToolChange | undefined;
}

const FINE: Standing = { kind: 'fine' };
const MOST_FINDINGS = 1_000;

export interface WatchSettings {
  readonly server: string;
  /** What is gone by; undefined: what this session sees first. */
  readonly known: SeenSet | undefined;
  readonly since: Since;
  readonly settingsOf: (tool: string) => PinSettings;
  readonly serverSettings: PinSettings;
}

export class Watch {
  #settings: WatchSettings;
  /** Approved, or seen first. */
  #pinned: Map<string, Definition>;
  /** INVARIANT: a tool that has drifted once stays so for the session: a server that shows two faces is not believed again. */
  readonly #drifted = new Map<string, Drifted>();
  readonly #room = new PinRoom();
  /** Names of tools that are not pinned and were said already. */
  readonly #said = new Set<string>();
  #instructions: string | undefined;
  #hasInstructions: boolean;
  #saidInstructions = false;
  #findings: DriftFinding[] = [];
  /** Of the pinned names, made when something is new. What is learnt later is missing: then nothing is unapproved but for want of room. */
  #likeOf: ((name: string) => string | undefined) | undefined;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.#pinned = new Map(settings.known?.pins.tools);
    this.#instructions = settings.known?.pins.instructions;
    this.#hasInstructions = settings.known?.hasInstructions ?? false;
    if (this.#isLearning) for (const one of this.#pinned.values()) this.#room.take(one);
  }

  /**
   * Other settings hold from now on, and where `settings.known` is from an approval, other definitions. INVARIANT: a tool that has
   * drifted is believed again only where somebody has approved exactly what it was last seen as, and nothing else of it was seen.
   */
  retune(settings: WatchSettings): void {
    this.#settings = settings;
    if (settings.known === undefined || settings.since !== 'approved') return;
    const { pins } = settings.known;
    this.#pinned = new Map(pins.tools);
    this.#likeOf = undefined;
    for (const [tool, { as, faces }] of this.#drifted) {
      const pinned = this.#pinned.get(tool);
      const { ignored } = settings.settingsOf(tool);
      if (pinned !== undefined && faces === 1 && isSameDefinition(pinned, as, ignored)) this.#drifted.delete(tool);
    }
    if (pins.instructions !== this.#instructions) this.#saidInstructions = false;
    this.#instructions = pins.instructions;
    this.#hasInstructions = true;
    this.#said.clear();
  }

  /** One entry of a list, as it came. An entry without a name is `undefined`. */
  see(entry: Json): Standing | undefined {
    const definition = readDefinition(entry);
    if (definition === undefined) return undefined;
    const { name } = definition;
    const settings = this.#settings.settingsOf(name);
    if (settings.mode === 'off') return FINE;
    const pinned = this.#pinned.get(name);
    if (pinned === undefined) {
      if (!this.#isLearning || !this.#room.take(definition)) return this.#unapproved(name, settings.mode);
      this.#pinned.set(name, definition);
      return FINE;
    }
    if (isSameDefinition(pinned, definition, settings.ignored)) return this.standing(name);
    return this.#changed(definition, settings, compareDefinitions(pinned, definition, settings.ignored));
  }

  /** How the tool stands for a call, whether it was listed or not. */
  standing(tool: string): Standing {
    const settings = this.#settings.settingsOf(tool);
    if (settings.mode === 'off') return FINE;
    const known = this.#drifted.get(tool);
    if (known !== undefined) return { kind: 'drifted', mode: settings.mode, change: known.change };
    // a caller may name any tool: only a listed one is a finding
    return this.#isLearning || this.#pinned.has(tool)
      ? FINE
      : { kind: 'drifted', mode: settings.mode, change: undefined };
  }

  /** Whether the instructions may be passed on. @param text undefined: it gave none */
  seeInstructions(text: string | undefined): boolean {
    const { mode, ignored } = this.#settings.serverSettings;
    if (mode === 'off' || ignored.has('instructions')) return true;
    if (!this.#hasInstructions) {
      this.#hasInstructions = true;
      if (text !== undefined && text.length <= LONGEST_INSTRUCTIONS) this.#instructions = text;
    }
    if (text === undefined || text === this.#instructions) return true;
    if (!this.#saidInstructions) {
      this.#saidInstructions = true;
      this.#find({ tool: undefined, kind: 'instructions', change: undefined, mode });
    }
    return mode === 'warn';
  }

  /** How many tools that it has shown are kept out of use now. Of those that were never pinned the first thousand are counted. */
  countOutOfUse(): number {
    const shown = new Set([...this.#drifted.keys(), ...this.#said]);
    return [...shown].filter((tool) => {
      const standing = this.standing(tool);
      return standing.kind === 'drifted' && standing.mode === 'deny';
    }).length;
  }

  /** Findings since the last time, each tool once. */
  takeFindings(): readonly DriftFinding[] {
    if (this.#findings.length === 0) return NOTHING;
    const found = this.#findings;
    this.#findings = [];
    return found;
  }

  /** What is seen first is gone by: nothing, or only a part, is known yet, and there is room. */
  get #isLearning(): boolean {
    const { known } = this.#settings;
    return (known === undefined || known.isPart === true) && !this.#room.isFull;
  }

  /** INVARIANT: kept of pinned tools only, so that no number of invented ones can crowd out a drifted one. */
  #changed(as: Definition, { mode, ignored }: PinSettings, change: ToolChange | undefined): Standing {
    const { name: tool } = as;
    if (mode === 'off') return FINE;
    const known = this.#drifted.get(tool);
    if (known === undefined) {
      this.#drifted.set(tool, { as, faces: 1, change });
      this.#find({ tool, kind: 'changed', change, mode });
    } else if (!isSameDefinition(known.as, as, ignored))
      this.#drifted.set(tool, { ...known, as, faces: known.faces + 1 });
    return { kind: 'drifted', mode, change: known?.change ?? change };
  }

  #unapproved(tool: string, mode: 'deny' | 'warn'): Standing {
    if (this.#said.size < MOST_FINDINGS && !this.#said.has(tool)) {
      this.#said.add(tool);
      this.#likeOf ??= indexNames(this.#pinned.keys());
      const like = this.#likeOf(tool);
      this.#find({ tool, kind: 'added', change: undefined, mode, ...(like !== undefined && { like }) });
    }
    return { kind: 'drifted', mode, change: undefined };
  }

  #find(finding: Omit<DriftFinding, 'server' | 'since'>): void {
    const { server, since } = this.#settings;
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push({ server, since, ...finding });
  }
}

const NOTHING: readonly DriftFinding[] = [];
