import { standing } from './charts.ts';
import { el, say, signButton } from './dom.ts';
import type { Panel, Picture } from './picture.ts';
import { beganAtMs, momentOf } from './picture.ts';
import { offset } from './words.ts';

const playStepMs = 250;

/** Goes to any step of the run; `null`: to where it stands now. */
export function replayPanel(go: (step: number | null) => void): Panel & { stop(): void } {
  const where = el('output', { for: 'replay' });
  const slider = el('input', { id: 'replay', type: 'range', min: 1, max: 1, step: 1, value: 1 });
  let shown = 1;
  let last = 1;
  let timer: ReturnType<typeof setInterval> | undefined;
  const to = (step: number): void => go(Math.min(Math.max(step, 1), last));
  const play = el('button', { type: 'button', 'aria-pressed': 'false' }, 'Play');
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    play.setAttribute('aria-pressed', 'false');
    say(play, 'Play');
  };
  play.addEventListener('click', () => {
    if (timer !== undefined) return stop();
    play.setAttribute('aria-pressed', 'true');
    say(play, 'Pause');
    to(shown >= last ? 1 : shown);
    timer = setInterval(() => {
      if (shown >= last) stop();
      else to(shown + 1);
    }, playStepMs);
  });
  const by = (step: () => number | null) => () => {
    stop();
    const wanted = step();
    if (wanted === null) go(null);
    else to(wanted);
  };
  slider.addEventListener(
    'input',
    by(() => slider.valueAsNumber),
  );
  const live = el('button', { type: 'button', onclick: by(() => null) }, 'Now');
  return {
    element: el(
      'div',
      { class: 'replay', role: 'group', 'aria-label': 'Replay' },
      play,
      signButton(
        '◀',
        'Step back',
        by(() => shown - 1),
      ),
      signButton(
        '▶',
        'Step on',
        by(() => shown + 1),
      ),
      el('label', { for: 'replay', class: 'unseen' }, 'Step of the run'),
      slider,
      live,
      where,
    ),
    show: (picture) => {
      last = Math.max(1, picture.moments.length);
      shown = picture.at + 1;
      slider.max = String(last);
      slider.value = String(shown);
      live.setAttribute('aria-pressed', String(picture.isLive));
      const words = whereWords(picture);
      say(where, words);
      slider.setAttribute('aria-valuetext', words);
    },
    stop,
  };
}

function whereWords(picture: Picture): string {
  const moment = momentOf(picture);
  if (moment === null) return '';
  const { seq, at } = moment.step;
  const place = standing(moment, picture.charts)[0]?.path.split('.').at(-1) ?? '';
  const after = offset(at - beganAtMs(picture));
  return `step ${seq} of ${picture.moments.length}, ${after}, ${place}`;
}
