import { el } from './dom.ts';
import type { Picture } from './picture.ts';

/** Hands a file over without asking anybody for it. */
function save(name: string, mediaType: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: mediaType }));
  el('a', { href: address, download: name }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The run as JSON, and what is lit now as SVG. */
export function exportButtons(
  run: string,
  parts: { readonly picture: () => Picture; readonly drawing: () => Promise<string | null> },
): HTMLElement {
  const toJson = (): void => {
    const { details, moments } = parts.picture();
    const steps = moments.map(({ step }) => step);
    save(
      `run-${run}.json`,
      'application/json',
      `${JSON.stringify({ run: details, steps }, null, 2)}\n`,
    );
  };
  const toSvg = async (): Promise<void> => {
    const text = await parts.drawing();
    if (text !== null) save(`run-${run}.svg`, 'image/svg+xml', text);
  };
  return el(
    'div',
    { class: 'line', role: 'group', 'aria-label': 'Export' },
    el('button', { type: 'button', onclick: toJson }, 'Save as JSON'),
    el('button', { type: 'button', onclick: () => void toSvg() }, 'Save the chart as SVG'),
  );
}
