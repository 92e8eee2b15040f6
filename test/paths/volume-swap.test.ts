import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import { expect } from 'vitest';
import type { Engine, RunStore } from '../../src/index.ts';
import { BusyError } from '../../src/index.ts';
import { volumeSwap } from '../../machines/index.ts';
import { describePaths } from '../../src/testing/index.ts';

interface Embedded {
  readonly engine: Engine;
  readonly store: RunStore;
}
interface OneSwap {
  Params: { id: string };
}

/** The service under test: it swaps volumes, and asks whoever started a swap to keep or undo it. */
function swapService({ engine, store }: Embedded): FastifyInstance {
  const app = fastify();
  app.setErrorHandler((error, _, reply) => {
    const status = error instanceof BusyError ? 409 : 400;
    return reply.code(status).send({ error: String(error) });
  });
  app.post('/swaps', async ({ body }, reply) => {
    const { id } = await engine.start('volume-swap', body);
    return reply.code(202).send({ id });
  });
  app.get<OneSwap>('/swaps/:id', async ({ params: { id } }, reply) => {
    const swap = await store.summary(id);
    if (swap === null) return reply.code(404).send({ error: `there is no swap ${id}` });
    const may = (await (await engine.find(id))?.allowedEvents()) ?? [];
    const isAsked = may.includes('confirm.requested');
    const status = swap.outcome ?? (isAsked ? 'confirm or undo' : 'working');
    return { id, status, canBeAborted: may.includes('abort.requested') };
  });
  for (const word of ['confirm', 'undo', 'abort'])
    app.post<OneSwap>(`/swaps/:id/${word}`, async ({ params: { id } }, reply) => {
      const answer = await (await engine.find(id))?.send({ type: `${word}.requested` });
      if (answer === undefined) return reply.code(404).send({ error: `there is no swap ${id}` });
      return reply.code(answer.accepted ? 202 : 409).send(answer);
    });
  return app;
}

const ends = ['completed', 'refused', 'rolledBack', 'needsOperator'];

describePaths(volumeSwap, {
  world: (script) => {
    let app = swapService(script);
    let id = '';
    const post = (way: string, body?: object) =>
      app.inject({ method: 'POST', url: `/swaps${way}`, ...(body && { payload: body }) });
    return {
      start: async (input: object) => {
        id = (await post('', input)).json().id;
      },
      // Persons speak to the service; whatever else happens is up to the script.
      play: async ({ event, kind }) => {
        if (kind !== 'sent') return false;
        const answer = await post(`/${id}/${event.type.replace('.requested', '')}`);
        expect(answer.statusCode).toBe(202);
        return true;
      },
      // The process has ended, and another one goes on: so does its service.
      restarted: async () => {
        await app.close();
        app = swapService(script);
      },
      read: async () => (await app.inject(`/swaps/${id}`)).json(),
      refuses: async (word: string) => (await post(`/${id}/${word}`)).statusCode === 409,
      close: () => app.close(),
    };
  },
  onState: async ({ script, state, world }) => {
    const waits = state === 'awaitingConfirmation';
    expect(await world.read()).toEqual({
      id: script.run.id,
      status: ends.includes(state) ? state : waits ? 'confirm or undo' : 'working',
      canBeAborted: script.run.tags().has('abortable'),
    });
    if (!waits) expect(await world.refuses('confirm')).toBe(true);
  },
});
