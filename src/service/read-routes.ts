import { Readable } from 'node:stream';
import { z } from 'zod';

import type { RunFilter, RunStore, RunSummary } from '../ports/run-store.ts';
import type { Feeds } from './feeds.ts';
import type { ReadingParts } from './parts.ts';
import { Problem } from './problem.ts';
import type { Route } from './route.ts';
import { refusals, route } from './route.ts';
import { eventsQuery, runDetailsShape, runListShape, runParams, runsQuery } from './shapes.ts';
import { eventStreamType } from './sse.ts';

export interface ReadParts extends Pick<ReadingParts, 'store' | 'teller'> {
  readonly feeds: Feeds;
  /** Aborted when the caller has gone, or the service stops. */
  readonly goneOf: (request: object) => AbortSignal;
}

/** Runs on record, whoever drives them. */
export function readRoutes(parts: ReadParts): Route[] {
  const followRun = followRoute({
    ...parts,
    path: '/v1/runs/:id/events',
    id: 'followRun',
    summary: 'The event log of a run as server-sent events: all of it, then as it goes on.',
  });
  return [listRuns(parts), showRun(parts), followRun];
}

function listRuns({ store, teller }: ReadParts): Route {
  return route({
    method: 'GET',
    path: '/v1/runs',
    id: 'listRuns',
    summary: 'Runs on record, the latest first.',
    role: 'read',
    query: runsQuery,
    answers: {
      200: { description: 'One page of them.', schema: runListShape },
      ...refusals({ 422: 'The query does not fit.' }),
    },
    handle: async ({ query: { status, machine, domain, outcome, before, limit } }) => {
      const filter: RunFilter = {
        ...(status === undefined ? {} : { finished: status === 'finished' }),
        ...(machine === undefined ? {} : { machine }),
        ...(domain === undefined ? {} : { subject: domain }),
        ...(outcome === undefined ? {} : { outcome }),
        ...(before === undefined ? {} : { before }),
        // One more than is told tells whether there are more.
        limit: limit + 1,
      };
      const found = await store.list(filter);
      const runs = found.slice(0, limit);
      const next = found.length > limit ? (runs.at(-1)?.id ?? null) : null;
      return { runs: runs.map((run) => teller.toRun(run)), next };
    },
  });
}

function showRun({ store, teller }: ReadParts): Route {
  return route({
    method: 'GET',
    path: '/v1/runs/:id',
    id: 'showRun',
    summary: 'One run: where it stands, what is allowed now, its way so far. Asks no host.',
    role: 'read',
    params: runParams,
    answers: {
      200: { description: 'Everything on record of it.', schema: runDetailsShape },
      ...refusals({ 404: 'There is no such run.' }),
    },
    handle: async ({ params }) => teller.toDetails(await summaryOf(store, params.id)),
  });
}

const lastEventId = /^([0-9]{1,9})(-end)?$/;

interface FollowParts
  extends Pick<ReadParts, 'goneOf' | 'store'>, Pick<Route, 'path' | 'id' | 'summary'> {
  readonly feeds: Feeds;
}

/** A log of a run as server-sent events. */
export function followRoute({ feeds, goneOf, store, ...names }: FollowParts): Route {
  return route({
    ...names,
    method: 'GET',
    role: 'read',
    params: runParams,
    query: eventsQuery,
    headers: { 'Last-Event-ID': 'Goes on after this one.' },
    answers: {
      200: {
        description:
          '`step` with its place as id, `progress` without one, last `run.finished` with PLACE-end.',
        schema: z.string(),
        mediaType: eventStreamType,
      },
      204: { description: 'All of it is known, and the run has ended.', schema: null },
      ...refusals({ 404: 'There is no such run.', 422: 'Last-Event-ID is none of ours.' }),
    },
    handle: async ({ params, query, reply, request }) => {
      const after = readLastEventId(request.headers['last-event-id']) ?? query.after ?? 0;
      await summaryOf(store, params.id);
      // What a browser takes for "do not come back".
      if (after === 'end') return reply.code(204).send();
      // An id of another log, as of a store that was restored: this one is told from its beginning.
      const isKnown = after === 0 || (await store.journal(params.id, after - 1))?.length !== 0;
      const events = feeds.follow(params.id, isKnown ? after : 0, goneOf(request));
      void reply.headers({
        'content-type': `${eventStreamType}; charset=utf-8`,
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      return reply.send(Readable.from(events, { objectMode: false, highWaterMark: 16_384 }));
    },
  });
}

function readLastEventId(given: string | readonly string[] | undefined): number | 'end' | null {
  if (given === undefined || given === '') return null;
  const [, place, end] = lastEventId.exec([given].flat().join()) ?? [];
  if (place !== undefined) return end === undefined ? Number(place) : 'end';
  const detail = 'Last-Event-ID must be the id of an event of this run';
  const errors = [{ path: '/headers/last-event-id', message: detail }];
  throw new Problem({ status: 422, code: 'invalid', detail, errors });
}

async function summaryOf(store: RunStore, id: string): Promise<RunSummary> {
  const summary = await store.summary(id);
  if (summary === null) throw noRun();
  return summary;
}

export function noRun(): Problem {
  return new Problem({ status: 404, code: 'noRun', detail: 'there is no run of that id' });
}
