import type { Log } from '../ports/log.ts';
import type { RunEvent } from './events.ts';
import type { Family } from './family.ts';

/** One line for each step, with the run and what it is about; contexts and inputs are too large. */
export function logEvent(log: Log, { subject }: Family, event: RunEvent): void {
  const about = { run: event.runId, domain: subject, machine: event.machine };
  switch (event.type) {
    case 'run.started':
    case 'run.finished':
      log.info(event.type, about);
      break;
    case 'run.resumed':
      log.info(event.type, { ...about, state: event.states });
      break;
    case 'run.broken':
      log.error(event.type, { ...about, failure: event.failure });
      break;
    case 'state.entered':
      log.debug(event.type, { ...about, state: event.state });
      break;
    case 'effect.failed':
      log.debug(event.type, { ...about, effect: event.key, failure: event.failure });
      break;
    case 'effect.started':
    case 'effect.finished':
      log.debug(event.type, { ...about, effect: event.key });
      break;
    case 'progress':
      break;
  }
}
