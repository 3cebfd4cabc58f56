// For mutation testing only: every run sees the same histories, and the first failure is enough (nobody reads a smaller one).
import * as fc from 'fast-check';

fc.configureGlobal({ seed: 1, endOnFailure: true });
