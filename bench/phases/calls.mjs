// Makes tools/call requests with a given number in flight, and judges every answer. Shared by the phases.

const SMALL_TEXT = 'sixty-four bytes of text, which is what a short tool call carries';
const SMALL_CALL = JSON.stringify({ name: 'echo', arguments: { text: SMALL_TEXT } });
export const smallCall = () => SMALL_CALL;
export const isSmallAnswer = ({ message }) => message?.result?.content?.[0].text === SMALL_TEXT;

/**
 * Makes `count` calls, `width` of them in flight at a time. `params(i)` is the i-th call's params as JSON, `isRight(answer, i)`
 * judges its answer: one wrong answer rejects the whole. Resolves with `{ elapsedMs, latenciesMs }`.
 */
export function makeCalls(client, { count, width, params, isRight }) {
  const latenciesMs = new Float64Array(count);
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    const sendNext = () => {
      const i = sent;
      sent += 1;
      const line = params(i);
      const sentAt = performance.now();
      client.send('tools/call', line, (error, answer) => {
        const answeredAt = performance.now();
        latenciesMs[i] = answeredAt - sentAt;
        if (error) reject(error);
        else if (!isRight(answer, i)) reject(new Error(`wrong answer to call ${i}: ${describe(answer)}`));
        else if (++answered === count) resolve({ elapsedMs: answeredAt - startedAt, latenciesMs });
        else if (sent < count) sendNext();
      });
    };
    for (let i = 0; i < Math.min(width, count); i++) sendNext();
  });
}

const describe = ({ message, bytes }) => (message ? JSON.stringify(message).slice(0, 200) : `${bytes} bytes`);
