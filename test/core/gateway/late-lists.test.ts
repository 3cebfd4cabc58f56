// A server that lists more slowly than anybody waits: its late answer is kept, shown, and stands in, and the client is not asked round and
// round; what has made it doubtful takes it away.
import { expect, test } from 'vitest';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { CHANGED, cursorOf, list, namesOf, tools } from './lane-messages.ts';

const isChange = ({ method }: Message) => method === CHANGED;

/** One that has 100 ms, and one that is quick. Asked once; the slow one has not answered. */
function leftOut() {
  const play = new GatewayPlaybook(laneSettings('a', { startTimeoutMs: 100 }), 'b').greet(ALL, 'a', 'b');
  play.client(list(1)).lane('b', { id: 1, result: { tools: tools('two') } });
  play.at(play.nowMs + 100);
  expect(namesOf(play.toClient()[0])).toEqual(['b__two']);
  return play;
}

/** The next list, with what the quick one says; the slow one has its time. */
function listAgain(play: GatewayPlaybook, id: number): { names: unknown[]; asked: string[] } {
  const asked = play.client(list(id)).toLanes();
  play.lane('b', { id, result: { tools: tools('two') } });
  if (asked.length === 2) play.at(play.nowMs + 100);
  return { names: namesOf(play.toClient().find((one) => one.id === id)), asked: asked.map(([lane]) => lane) };
}

test('what came too late is in the next list at once, and stands in where it is late again', () => {
  const play = leftOut();
  play.lane('a', { id: 1, result: { tools: tools('slow') } });
  expect(play.toClient().filter(isChange)).toHaveLength(1);
  expect(listAgain(play, 2)).toEqual({ names: ['a__slow', 'b__two'], asked: ['b'] });
  expect(listAgain(play, 3)).toEqual({ names: ['a__slow', 'b__two'], asked: ['a', 'b'] });
});

test('the client is told once: the same list, late again, is no change; another one is', () => {
  const play = leftOut();
  play.lane('a', { id: 1, result: { tools: tools('slow') } }).take();
  listAgain(play, 2);
  listAgain(play, 3);
  play.lane('a', { id: 3, result: { tools: tools('slow') } });
  expect(play.toClient()).toEqual([]);
  listAgain(play, 4);
  play.lane('a', { id: 4, result: { tools: tools('other') } });
  expect(play.toClient().filter(isChange)).toHaveLength(1);
  expect(listAgain(play, 5).names).toEqual(['a__other', 'b__two']);
});

test('while it owes an answer it is not asked, and what it said before is shown', () => {
  const play = leftOut();
  play.lane('a', { id: 1, result: { tools: tools('slow') } }).take();
  listAgain(play, 2);
  listAgain(play, 3);
  expect(listAgain(play, 4)).toEqual({ names: ['a__slow', 'b__two'], asked: ['b'] });
});

test('one that is in time once more is what stands in later', () => {
  const play = leftOut();
  play.lane('a', { id: 1, result: { tools: tools('slow') } }).take();
  listAgain(play, 2);
  play.client(list(3)).lane('a', { id: 3, result: { tools: tools('newer') } });
  play.lane('b', { id: 3, result: { tools: tools('two') } }).take();
  expect(listAgain(play, 4)).toEqual({ names: ['a__newer', 'b__two'], asked: ['a', 'b'] });
});

test.each<[string, (play: GatewayPlaybook) => void]>([
  ['a policy', (play) => void play.event({ type: 'lane_list', lane: 'a', list: 'tools' })],
  ['its own word', (play) => void play.lane('a', { method: CHANGED })],
  ['another config', (play) => void play.event({ type: 'lanes_are', lanes: SAME, renewed: new Set() })],
  [
    'a restart',
    (play) => {
      play.event({ type: 'lane_away', lane: 'a' }).event({ type: 'lane_back', lane: 'a' });
    },
  ],
])('what %s has made doubtful is not shown any more', (_, doubt) => {
  const play = leftOut();
  play.lane('a', { id: 1, result: { tools: tools('slow') } });
  doubt(play);
  play.take();
  expect(listAgain(play, 2)).toEqual({ names: ['b__two'], asked: ['a', 'b'] });
});
const SAME = [laneSettings('a', { startTimeoutMs: 100 }), laneSettings('b')];

test('a late error is nothing to tell of; the next list asks again', () => {
  const play = leftOut();
  play.lane('a', { id: 1, error: { code: -32000, message: 'no' } });
  expect(play.toClient()).toEqual([]);
  expect(listAgain(play, 2).asked).toEqual(['a', 'b']);
});

test('of later pages nothing is kept', () => {
  const play = new GatewayPlaybook(laneSettings('a', { startTimeoutMs: 100 })).greet(ALL, 'a').client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('one'), nextCursor: 'p' } });
  const [first] = play.toClient();
  play.client(list(2, cursorOf(first))).at(play.nowMs + 100);
  play.lane('a', { id: 2, result: { tools: tools('two') } });
  expect(play.toClient().filter(isChange)).toEqual([]);
  expect(
    play
      .client(list(3))
      .toLanes()
      .map(([lane]) => lane),
  ).toEqual(['a']);
});

test('what is too large to be kept is told of by nobody: it would be asked for without end', () => {
  const play = leftOut();
  const description = 'x'.repeat(17 * 1024 * 1024);
  play.lane('a', { id: 1, result: { tools: [{ name: 'big', description, inputSchema: { type: 'object' } }] } });
  expect(play.toClient()).toEqual([]);
});

test('it is said to be left out where it is, and not where what it listed before is shown', () => {
  const words = (play: GatewayPlaybook) =>
    play.take().flatMap((one) => (one.type === 'log' && one.text.includes('`tools/list`') ? [one.level] : []));
  const play = new GatewayPlaybook(laneSettings('a', { startTimeoutMs: 100 })).greet(ALL, 'a').client(list(1));
  expect(words(play.at(play.nowMs + 100))).toEqual(['warn']);
  play.lane('a', { id: 1, result: { tools: tools('slow') } });
  play.client(list(2)).client(list(3));
  expect(words(play.at(play.nowMs + 100))).toEqual(['info']);
});
