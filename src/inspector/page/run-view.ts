import { ChartPanel } from './chart-panel.ts';
import { commandPanel } from './command-panel.ts';
import { contextPanel } from './context-panel.ts';
import { el } from './dom.ts';
import { effectsPanel } from './effects-panel.ts';
import { exportButtons } from './exports.ts';
import { headPanel } from './head-panel.ts';
import type { View } from './main.ts';
import { paced } from './pace.ts';
import { pathPanel } from './path-panel.ts';
import type { Panel, Picture } from './picture.ts';
import type { Place } from './place.ts';
import { readPlace, runPlace } from './place.ts';
import { progressPanel } from './progress-panel.ts';
import { replayPanel } from './replay-panel.ts';
import { RunState } from './run-state.ts';
import { sequencePanel } from './sequence-panel.ts';
import type { Server } from './server.ts';
import { Tabs } from './tabs.ts';
import { timelinePanel } from './timeline-panel.ts';
import type { Access } from './wire.ts';

interface Parts {
  readonly server: Server;
  readonly access: Access;
  readonly tell: (why: string | null) => void;
}

type RunPlace = Place & { readonly page: 'run' };

/** One run, as it goes on or as it went. */
export function runView(run: string, { access, server, tell }: Parts): View {
  let place = placeOf(run);
  const go = (change: Partial<Pick<RunPlace, 'step' | 'tab' | 'chart'>>): void => {
    const { chart, step, tab } = { ...place, ...change };
    place = { ...place, chart, step, tab };
    history.replaceState(null, '', runPlace(run, { step, tab, chart }));
    draw();
  };
  const state = new RunState(run, { server, tell, changed: () => draw() });
  const picture = (): Picture => pictureOf(state, { access, step: place.step });

  const replay = replayPanel((step) => go({ step }));
  const toStep = (step: number): void => {
    replay.stop();
    go({ step });
  };
  const chart = new ChartPanel({
    server,
    chosen: () => place.chart,
    choose: (machine) => go({ chart: machine }),
  });
  const { panels, tabs } = tabsOf(toStep, (tab) => go({ tab }));
  const always = [headPanel(run), commandPanel(run, server), replay, progressPanel()];
  const draw = paced(() => {
    const now = picture();
    const tab = panels.has(place.tab ?? '') ? (place.tab ?? 'path') : 'path';
    tabs.show(tab);
    for (const panel of [...always, chart]) panel.show(now);
    panels.get(tab)?.show(now);
  });
  draw();
  return {
    title: `Run ${run}`,
    element: el(
      'article',
      { class: 'run' },
      ...always.map(({ element }) => element),
      exportButtons(run, { picture, drawing: () => chart.toText() }),
      el('div', { class: 'panes' }, chart.element, tabs.element),
    ),
    moved: () => {
      place = placeOf(run);
      draw();
    },
    leave: () => {
      replay.stop();
      state.leave();
    },
  };
}

function placeOf(run: string): RunPlace {
  const place = readPlace(location.hash);
  return place.page === 'run' ? place : { page: 'run', run, step: null, tab: null, chart: null };
}

function pictureOf(
  { charts, details, ending, story, streams }: RunState,
  { access, step }: { readonly access: Access; readonly step: number | null },
): Picture {
  const { moments } = story;
  const isLive = step === null;
  const at = isLive ? moments.length - 1 : Math.min(step, moments.length) - 1;
  return { access, details, ending, moments, at, isLive, charts, streams, nowMs: Date.now() };
}

/** Only what is looked at is drawn. */
function tabsOf(
  toStep: (step: number) => void,
  choose: (tab: string) => void,
): { readonly panels: ReadonlyMap<string, Panel>; readonly tabs: Tabs } {
  const made: readonly (readonly [name: string, label: string, panel: Panel])[] = [
    ['path', 'Path', pathPanel(toStep)],
    ['effects', 'Under way', effectsPanel()],
    ['context', 'Context', contextPanel()],
    ['sequence', 'Sequence', sequencePanel(toStep)],
    ['timeline', 'Timeline', timelinePanel()],
  ];
  const shown = made.map(([name, label, { element }]) => ({ name, label, element }));
  const panels = new Map(made.map(([name, , panel]) => [name, panel]));
  return { panels, tabs: new Tabs(shown, choose) };
}
