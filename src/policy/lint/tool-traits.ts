// What a tool seems to do, by its name, its schema and what its server claims. Guesses for advice, never for a decision.
// attacker-controlled throughout.
import type { Json } from '../../wire/json.ts';
import { memberOf } from '../../wire/json.ts';
import { argumentKinds } from './argument-kind.ts';
import type { OfferedTool } from './lint-input.ts';
import { hasWord, wordSet, wordsOf } from './name-words.ts';

const DESTROYS = wordSet(
  'delete del remove rm drop destroy erase purge wipe truncate kill terminate reset overwrite uninstall revoke unlink prune exec execute shell eval format discard',
);
const CHANGES = wordSet(
  'create write update insert set add edit modify rename move put patch replace append send post publish upload push merge close assign install save store rotate transfer pay buy',
);
const READS = wordSet(
  'read get list search query find fetch open show view describe export dump download load tail cat select lookup scan',
);
const PRIVATE = wordSet(
  'file directory folder path email mail message inbox calendar event contact note document doc drive database db sql table row record secret credential password vault keychain token repository repo customer invoice payment account user profile chat history memory entity graph log ticket issue private env environment clipboard screenshot photo',
);
const SENDS = wordSet(
  'send post publish upload email tweet webhook http https fetch request browse navigate crawl push share invite comment notify sms call curl download url web slack',
);
/** What a description begins with where it tells of a change. */
const CHANGING_VERB =
  /^\W*(?:permanently\s+|recursively\s+)?(?:delet|remov|eras|wip|destroy|overwrit|drop|writ|creat|updat|modif|insert|send|post|publish|upload|execut|run|kill|mov|renam|edit)(?:e?s|es|ies|y)?\b/i;

/** Its own word of a hint; undefined where it says nothing. */
export function hintOf({ annotations }: OfferedTool, hint: string): boolean | undefined {
  const value: Json | undefined = memberOf(annotations, hint);
  return typeof value === 'boolean' ? value : undefined;
}

/** Why it seems to destroy; undefined where it does not. A claim to be harmless is not believed against the name. */
export function whyDestructive(tool: OfferedTool): string | undefined {
  if (hintOf(tool, 'destructiveHint') === true) return 'its server says so';
  return hasWord(wordsOf(tool.name), DESTROYS) ? 'by its name' : undefined;
}

/** What in it speaks of changes, though it claims to make none; undefined where nothing does. */
export function findContradiction(tool: OfferedTool): string | undefined {
  const words = wordsOf(tool.name);
  const [readOnly, destructive] = [hintOf(tool, 'readOnlyHint'), hintOf(tool, 'destructiveHint')];
  if (readOnly === true) {
    if (destructive === true) return 'claims to be read-only (`readOnlyHint`) and destructive (`destructiveHint`)';
    // the first words say what a tool does; later ones, what it does it to
    if (hasWord(words, DESTROYS) || hasWord(words.slice(0, 1), CHANGES))
      return 'claims to be read-only (`readOnlyHint`), and its name says otherwise';
    if (typeof tool.description === 'string' && CHANGING_VERB.test(tool.description.slice(0, 200)))
      return 'claims to be read-only (`readOnlyHint`), and its description says otherwise';
  }
  if (destructive === false && hasWord(words, DESTROYS))
    return 'claims not to be destructive (`destructiveHint: false`), and its name says otherwise';
  return undefined;
}

/** Whether what it answers may hold somebody's data. */
export function readsPrivate(tool: OfferedTool): boolean {
  const words = wordsOf(tool.name);
  const isReading = hasWord(words, READS) || hintOf(tool, 'readOnlyHint') === true;
  if (!isReading) return false;
  return hasWord(words, PRIVATE) || argumentKinds(tool).some(({ kind }) => kind === 'path' || kind === 'sql');
}

/** Whether what it is given may leave this machine. A URL alone carries data away. */
export function sendsOutside(tool: OfferedTool): boolean {
  if (hintOf(tool, 'openWorldHint') === true && hintOf(tool, 'readOnlyHint') !== true) return true;
  return hasWord(wordsOf(tool.name), SENDS) || argumentKinds(tool).some(({ kind }) => kind === 'url');
}
