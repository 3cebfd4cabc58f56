// An answer that two readers could read differently: who asked is told what is wrong with it, and who can mend it.
import { expect, test } from 'vitest';
import { ambiguousAnswer } from '../../src/core/denial.ts';

test('the text names the fault and the mend', () => {
  expect(ambiguousAnswer('files', 'an object names `title` twice')).toMatchObject({
    reason: 'answer_refused',
    text: expect.stringMatching(
      /\(an object names `title` twice\).*repeating it .*whoever made the server has to mend/,
    ),
  });
});
