// Names that shadow or resemble another tool's, of another server or of the same one: what a model, or a person, may take for it. Pure;
// reports, decides nothing. attacker-controlled: names.
import { foldKey } from '../../wire/confusable.ts';

export interface OfferedTool {
  readonly server: string;
  readonly tool: string;
}

/** Two or more tools that read alike, in the order they were given. */
export interface Shadow {
  /** `same`: the very name, of different servers. `resembles`: alike but for case, separators, look-alike letters, or what is invisible. */
  readonly kind: 'same' | 'resembles';
  readonly tools: readonly OfferedTool[];
}

/**
 * Letters that are drawn like a Latin one, by what they look like. Not all of Unicode's confusables: Cyrillic, Greek and the
 * digits that a person misreads. Source: the intentional set of UTS 39, lower case.
 */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  ...{ а: 'a', в: 'b', с: 'c', ԁ: 'd', е: 'e', ғ: 'f', һ: 'h', н: 'h', і: 'i', ј: 'j', к: 'k', ӏ: 'i', м: 'm', о: 'o' },
  ...{ р: 'p', ԛ: 'q', г: 'r', ѕ: 's', т: 't', ս: 'u', ѵ: 'v', ԝ: 'w', х: 'x', у: 'y', α: 'a', β: 'b', ε: 'e', ι: 'i' },
  ...{ κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', ո: 'n', օ: 'o', ı: 'i', ɡ: 'g', ɩ: 'i' },
  ...{ '0': 'o', '1': 'i', l: 'i', '|': 'i', '!': 'i', '5': 's' },
};

/** @param offered of all guarded servers */
export function findShadows(offered: readonly OfferedTool[]): readonly Shadow[] {
  const groups = new Map<string, OfferedTool[]>();
  for (const one of offered) {
    const key = skeletonOf(one.tool);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((tools): readonly Shadow[] => {
    const [first] = tools;
    // a name that one server lists twice is no other tool
    if (tools.every(({ server, tool }) => server === first?.server && tool === first.tool)) return [];
    return [{ kind: tools.every(({ tool }) => tool === first?.tool) ? 'same' : 'resembles', tools }];
  });
}

/** Two names with one skeleton read alike. No name itself: never shown. */
export function skeletonOf(name: string): string {
  const folded = foldKey(name.normalize('NFKD'))
    // marks, separators, and all that draws nothing
    .replace(/[\p{M}\p{Cf}\p{Cc}\p{Z}\u115f\u1160\u3164\uffa0\u2800_./:-]/gu, '');
  return [...folded].map((char) => (Object.hasOwn(LOOK_ALIKES, char) ? LOOK_ALIKES[char] : char)).join('');
}

/** Says which of `known` another name reads like; undefined for none, and for a name that is one of them. */
export function indexNames(known: Iterable<string>): (name: string) => string | undefined {
  const skeletons = new Map<string, string>();
  for (const name of known) {
    const key = skeletonOf(name);
    if (!skeletons.has(key)) skeletons.set(key, name);
  }
  return (name) => {
    const like = skeletons.get(skeletonOf(name));
    return like === name ? undefined : like;
  };
}
