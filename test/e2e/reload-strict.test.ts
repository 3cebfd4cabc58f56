// `strict` is taken over while a session runs: narrower for the next line, wider only once somebody has approved it; behind one entry and
// behind that of many. With the built guard.
import { expect, it } from 'vitest';
import { openGateway } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { LockStage } from './lock-stage.ts';
import { configEvents, until } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

it.each([
  ['one', 'echo', (stage: LockStage) => stage.open()],
  ['many', 'srv__echo', (stage: LockStage) => openGateway(stage)],
] as const)('holds for the next answer behind the entry of %s', async (_, tool, open) => {
  const [command = '', ...args] = Yard.server('duplicate-in-payload');
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: { command, args, passEnv: ['GUARD_TEST_YARD'] } },
  });
  const session = await open(stage);
  try {
    expect(await session.call(tool)).toBe('answered');
    stage.edit((config) => {
      config.strict = 'payload';
    });
    await until('it is narrower', () => configEvents(stage).length === 1);
    expect(await session.call(tool)).toBe('answer_refused');
    expect(stage.approve()).toMatchObject({ status: 0 });
    await until('that is approved, too', () => configEvents(stage).length === 2);

    stage.edit((config) => {
      config.strict = 'envelope';
    });
    await until('a wider one is seen', () => configEvents(stage).length === 3);
    expect(await session.call(tool)).toBe('answer_refused');
    expect(stage.approve()).toMatchObject({ status: 0 });
    await until('it is approved', () => configEvents(stage).length === 4);
    expect(await session.call(tool)).toBe('answered');
  } finally {
    await session.client.end();
  }
});
