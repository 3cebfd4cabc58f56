// What one rule is: a check of one value that answers with the text of its refusal. Types and the budget; knows no kind.
import type { Json } from '../../wire/json.ts';
import type { ConstraintKind, ConstraintPorts } from './constraint-document.ts';

/** Work that one check of a call's arguments may cost, in units of about 10 ns. */
const UNITS_PER_CALL = 2_000_000;

export interface Budget {
  /** False where the work is not allowed any more: the rule must deny. */
  spend(units: number): boolean;
}

export interface Rule {
  readonly kind: ConstraintKind;
  /**
   * Undefined where the rule holds. Otherwise what follows the name of the argument in a sentence (`must be …`), naming what is
   * allowed. attacker-controlled: `value`.
   */
  check(value: Json, budget: Budget): string | undefined;
}

/** Reports what is wrong with a constraint in the config. `at` is appended to its path: `` or `[2]` or `.properties.x`. */
export type Report = (at: string, message: string) => void;

/** Undefined where something was reported. */
export type CompileRule<T> = (value: T, report: Report, ports: ConstraintPorts) => Rule | undefined;

export const TOO_MUCH = 'is too much to check: send less';

export function createBudget(): Budget {
  let left = UNITS_PER_CALL;
  return {
    spend(units) {
      left -= units;
      return left >= 0;
    },
  };
}
