// What a person should know before a path argument is kept to the directories that were seen: what of its use will be refused, and
// which of them are rarely meant. Pure text; proposes nothing. attacker-controlled: the paths.
import { readPathForm } from '../constraint/path-form.ts';

export interface UsedPaths {
  /** The argument, as it is shown. */
  readonly label: string;
  /** Proposed for `within`: absolute, or `~/…`. */
  readonly roots: readonly string[];
  /** As they were given to the tool. */
  readonly paths: Iterable<string>;
  /** It was also given what begins neither with `/` nor with `~/` nor `file:`. */
  readonly hasOther: boolean;
  /** Absolute. */
  readonly home: string;
}

/** `within` grants it only where all that it may count from is granted, too: it is the name of a directory for some servers. */
const AMBIGUOUS_FORM = /^(?:~|file:)/i;
/** Below the home, too. */
const HIDDEN = /\/\./;
/** What belongs to the system and not to a user's work, on Linux and macOS. */
const SYSTEM =
  /^\/(?:bin|boot|dev|etc|lib\d*|proc|root|run|sbin|sys|usr|Library|System|private\/etc|var(?:$|\/(?:lib|log|run|spool)))(?:\/|$)/;

export function describeUsedPaths({ label, roots, paths, hasOther, home }: UsedPaths): readonly string[] {
  const given = [...paths];
  const isAmbiguous = given.some((path) => AMBIGUOUS_FORM.test(path));
  const isRefused = hasOther || given.some((path) => !AMBIGUOUS_FORM.test(path) && !readPathForm(path, home).ok);
  const refused = 'such calls will be refused, give absolute paths';
  const lookTwice = (pattern: RegExp, what: string): readonly string[] => {
    const found = roots.filter((root) => pattern.test(root));
    return found.length === 0 ? [] : [`look twice: ${found.join(', ')} ${what}`];
  };
  return [
    ...lookTwice(HIDDEN, 'is hidden'),
    ...lookTwice(SYSTEM, "is the system's"),
    ...(isAmbiguous ? [`${label} was also given as \`~/…\` or \`file:…\`: ${refused}`] : []),
    ...(isRefused
      ? [`${label} was also given as no plain absolute path (relative, with a variable, …): ${refused}`]
      : []),
  ];
}
