// Every rule of `scope lint`: its id, which never changes, how severe it is unless the config says otherwise, and what it is in
// one line. Data only: what a rule looks at stands in rules.ts, its example and mend in docs/lint.md (a test holds them equal).

const SEVERITIES = ['error', 'warn', 'off'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface RuleHead {
  /** `error`: what can be told for certain, and opens something. `warn`: a guess, or a matter of order. */
  readonly severity: Severity;
  readonly summary: string;
}

export const LINT_RULES = {
  'server-without-scope': { severity: 'error', summary: 'a server that no scope restricts' },
  'server-not-asked': { severity: 'error', summary: 'a server that could not be asked what it offers (`--live`)' },
  'lock-refused': { severity: 'error', summary: 'a lock that does not count, so that nothing starts' },
  'wildcard-swallows': { severity: 'warn', summary: 'a grant with a wildcard, and which tools it swallows' },
  'grant-matches-nothing': { severity: 'warn', summary: 'a grant that names nothing the server offers' },
  'grant-unused': { severity: 'warn', summary: 'a grant that nobody has used for some time' },
  'grant-expired': { severity: 'warn', summary: 'a grant that has expired' },
  'grant-expiring': { severity: 'warn', summary: 'a grant that expires within 14 days' },
  'destructive-without-approval': {
    severity: 'warn',
    summary: 'a tool that destroys, granted without an approval or an end',
  },
  'unconstrained-argument': {
    severity: 'warn',
    summary: 'an argument that looks like a path, URL, command or SQL, without a constraint',
  },
  'rule-can-never-match': { severity: 'warn', summary: 'a rule that changes nothing' },
  'definition-drift': { severity: 'error', summary: 'a tool that is not what was approved' },
  'definition-not-looked-at': { severity: 'error', summary: 'a tool whose definition was too large to look at' },
  'definitions-not-pinned': { severity: 'warn', summary: 'a server whose definitions nobody has approved' },
  'annotation-contradiction': {
    severity: 'warn',
    summary: 'a tool that claims to be harmless and does not sound like it',
  },
  'growth-since-approval': { severity: 'warn', summary: 'tools that became callable since the last approval' },
  'growth-30-90': { severity: 'warn', summary: 'more callable tools than 30 or 90 days ago' },
  'wider-than-ceiling': { severity: 'error', summary: 'a grant of what a ceiling does not allow' },
  'unpinned-command': { severity: 'error', summary: 'a command whose code may be another at the next start' },
  'secret-literal': { severity: 'error', summary: 'a secret written into the config' },
  'environment-wider-than-needed': { severity: 'warn', summary: 'variables that a server gets and hardly needs' },
  'toxic-combination': { severity: 'warn', summary: 'what reads private data beside what sends it outside' },
  'shadowed-names': { severity: 'warn', summary: 'tools whose names read alike, of one server or of several' },
  'suppression-expired': { severity: 'warn', summary: 'a suppression that has expired' },
} as const satisfies Record<string, RuleHead>;

export type RuleId = keyof typeof LINT_RULES;

export const RULE_IDS = Object.keys(LINT_RULES) as readonly RuleId[]; // `keys` forgets the names of a literal

export function isRuleId(word: string): word is RuleId {
  return Object.hasOwn(LINT_RULES, word);
}
