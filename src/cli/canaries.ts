// One chunk for all that has to do with canaries: what a run without them never loads.
export { openCanaryTokens } from '../adapters/canary-tokens.ts';
export { watchCanaries } from '../adapters/canary-watch.ts';
export { createCanarySearch } from '../audit/redact/canary-search.ts';
