// What pins keep out of use, by what is on file: for a person who asks while no session looks at the server. Pure; reads no file.
// INVARIANT: says of what was last seen what a session that sees it would decide (`Watch`; a test holds the two together).
import type { Deny } from '../../core/interceptor.ts';
import type { CommandOptions } from '../lock/lock-command.ts';
import { compareDefinitions } from './drift.ts';
import { refuseTool } from './drift-text.ts';
import type { PinSettings } from './pin-settings.ts';
import type { SeenSet } from './seen-set.ts';
import type { Since } from './watch.ts';

export interface KeptOut {
  /** How a call of this tool would be refused; undefined: pins let it pass. */
  readonly tool: (name: string) => Deny | undefined;
  /** The instructions that it last gave are not passed on. */
  readonly isSilenced: boolean;
}

export interface KeptOutInput {
  readonly server: string;
  /** What is gone by. */
  readonly known: SeenSet;
  readonly since: Since;
  /** What the server last offered; undefined: nothing is known of that. */
  readonly last: SeenSet | undefined;
  readonly settingsOf: (tool: string) => PinSettings;
  readonly serverSettings: PinSettings;
  readonly commandOptions: CommandOptions;
}

export function findKeptOut(input: KeptOutInput): KeptOut {
  const { server, known, since, last, settingsOf, serverSettings, commandOptions } = input;
  const isLearning = known.isPart === true;
  const { mode, ignored } = serverSettings;
  const told = last?.hasInstructions === true ? last.pins.instructions : undefined;
  return {
    tool(name) {
      const settings = settingsOf(name);
      if (settings.mode !== 'deny') return undefined;
      const [pinned, offered] = [known.pins.tools.get(name), last?.pins.tools.get(name)];
      if (pinned === undefined)
        return isLearning ? undefined : refuseTool(server, name, undefined, since, commandOptions);
      const change = offered === undefined ? undefined : compareDefinitions(pinned, offered, settings.ignored);
      return change === undefined ? undefined : refuseTool(server, name, change, since, commandOptions);
    },
    isSilenced:
      mode === 'deny' &&
      !ignored.has('instructions') &&
      known.hasInstructions &&
      told !== undefined &&
      told !== known.pins.instructions,
  };
}
