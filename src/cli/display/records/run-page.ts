import { redactText } from '../../../engine/redaction.ts';
import { effectsInFlight, pathOf } from '../../records/stored-path.ts';
import type { StoredStep } from '../../records/stored-path.ts';
import type { LoadedRun } from '../../records/load-run.ts';
import { failureOf, outputOf } from '../../records/load-run.ts';
import { standingOf } from '../../records/stored-machines.ts';
import { progressWords } from '../plain-lines.ts';
import { formatMoment, formatOffset, formatSpan, oneLine } from '../quantities.ts';
import { isWorthTelling } from '../run-view.ts';
import { describeState } from '../state-words.ts';
import { describeArtefact } from '../artefact-words.ts';
import { describeFailure } from '../failure-words.ts';
import { shownOfRecord } from '../../workflows/of-record.ts';
import { toldPauses } from '../../workflows/told.ts';
import type { ShownWorkflow } from '../../workflows/shown-workflow.ts';
import { holderAtLength } from './holder-words.ts';
import { mainStateOf } from './main-state.ts';
import { nextSteps, parkedWords } from './next-steps.ts';
import { toRunObject } from './run-list.ts';
import { undoWords } from './undo-words.ts';

const labelWidth = 11;

function field(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`;
}

/** One run for a person: where it stands, what may be done, and how it came there. */
export function toRunPage(run: LoadedRun, nowEpochMs: number): string[] {
  const { summary, family } = run;
  const shown = shownIn(run);
  const standing = standingOf(family);
  const failure = failureOf(run);
  const isUnfinished = summary.finishedAtEpochMs === null;
  return [
    field('run', summary.id),
    field('workflow', `${summary.machine} ${summary.version}`),
    field('domain', oneLine(shown?.title ?? summary.subject ?? '-')),
    field('state', stateWords(run)),
    ...listed('because', failure === null ? [] : [describeFailure(failure)]),
    field('since', sinceWords(run, nowEpochMs)),
    ...toldPauses(outputOf(run)).map(([label, words]) => field(label, words)),
    field('driven by', holderAtLength(summary, nowEpochMs)),
    field('to undo', undoWords(summary, standing?.tags ?? null)),
    ...(isUnfinished ? [field('allowed', allowedWords(standing?.allowed ?? null))] : []),
    ...listed('parked', [parkedWords(summary) ?? []].flat()),
    ...listed('next', nextSteps(summary, meanwhileIn(run))),
    ...listed(
      'holds',
      run.locks.map((name) => oneLine(redactText(name, []))),
    ),
    ...listed('progress', isUnfinished ? run.progress.map((one) => progressWords(one)) : []),
    ...listed(
      'effects',
      effectsInFlight(run).map(({ key, src }) => `${src} (${key})`),
    ),
    ...listed(
      'artefacts',
      run.artefacts.map((artefact) => describeArtefact(artefact, shown?.places ?? [])),
    ),
    '',
    ...pathOf({ ...run, rootId: summary.id }).flatMap((step) =>
      stepLines(step, summary.startedAtEpochMs),
    ),
  ];
}

function shownIn({ family: [root] }: LoadedRun): ShownWorkflow | null {
  return root === undefined ? null : shownOfRecord(root);
}

/** `null`: it has not ended, or its machine tells of none. */
function downtimeOf(run: LoadedRun): number | null {
  const told = outputOf(run)?.['downtimeMs'];
  return typeof told === 'number' ? told : null;
}

/** What happens outside while nobody drives it. */
function meanwhileIn(run: LoadedRun): string | null {
  const standing = standingOf(run.family);
  return standing === null ? null : (shownIn(run)?.whileLeft(standing.tags) ?? null);
}

function listed(label: string, lines: readonly string[]): string[] {
  return lines.map((line, at) => field(at === 0 ? label : '', line));
}

function stateWords({ summary }: LoadedRun): string {
  const { outcome, states } = summary;
  return outcome ?? mainStateOf(states);
}

function sinceWords({ summary }: LoadedRun, nowEpochMs: number): string {
  const { startedAtEpochMs, finishedAtEpochMs } = summary;
  const began = formatMoment(startedAtEpochMs);
  return finishedAtEpochMs === null
    ? `${began}, ${formatSpan(nowEpochMs - startedAtEpochMs)} ago`
    : `${began}, ended after ${formatSpan(finishedAtEpochMs - startedAtEpochMs)}`;
}

function allowedWords(allowed: readonly string[] | null): string {
  if (allowed === null) return 'unknown: its record is of another version of the machine';
  return allowed.length === 0 ? 'nothing now' : allowed.join(', ');
}

function stepLines({ atEpochMs, failure, entered }: StoredStep, startedAtEpochMs: number) {
  const at = (epochMs: number): string => formatOffset(epochMs - startedAtEpochMs).padStart(12);
  const failed =
    failure === null ? [] : [`${at(atEpochMs)}  ! ${oneLine(failure.message)} (${failure.code})`];
  const states = entered.filter(isWorthTelling).map((event) => {
    const { phase, evidence } = event;
    const { name, description } = describeState(event);
    const proof = phase === null || evidence === null ? '' : `${phase} (${evidence})  `;
    return `${at(event.atEpochMs)}  ${proof}${name}: ${description}`;
  });
  return [...failed, ...states];
}

/** The same as one object. */
export function toRunDetails(run: LoadedRun): object {
  const { summary, family, artefacts, progress, locks } = run;
  const standing = standingOf(family);
  const shown = shownIn(run);
  return {
    type: 'run',
    ...toRunObject(summary),
    asked: shown?.header ?? null,
    failure: failureOf(run),
    downtimeMs: downtimeOf(run),
    tags: standing === null ? null : [...standing.tags],
    allowed: standing?.allowed ?? null,
    nextSteps: nextSteps(summary, meanwhileIn(run)),
    locks: locks.map((name) => redactText(name, [])),
    progress,
    effects: effectsInFlight(run),
    artefacts,
    path: pathOf({ ...run, rootId: summary.id }).map(toStepObject),
  };
}

/** One step of a run as an object. */
export function toStepObject(step: StoredStep) {
  const { atEpochMs, machine, event, effectKey, failure, entered } = step;
  return {
    at: atEpochMs,
    machine,
    event,
    effect: effectKey,
    ...(failure === null ? {} : { failure }),
    entered: entered.map(({ atEpochMs: at, region, state, phase, evidence, tags }) => ({
      at,
      ...(region === null ? {} : { region }),
      state,
      ...(phase === null ? {} : { phase }),
      ...(evidence === null ? {} : { evidence }),
      tags: [...tags],
    })),
  };
}
