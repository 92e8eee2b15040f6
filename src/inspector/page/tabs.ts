import { el } from './dom.ts';

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly element: HTMLElement;
}

/** A row of tabs as the ARIA authoring practices have it: the arrows go along it. */
export class Tabs {
  readonly element: HTMLElement;
  readonly #tabs: readonly Tab[];
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #panels: readonly HTMLElement[];

  constructor(tabs: readonly Tab[], choose: (name: string) => void) {
    this.#tabs = tabs;
    this.#buttons = tabs.map(({ label, name }) =>
      el(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${name}`,
          'aria-controls': `panel-${name}`,
          onclick: () => choose(name),
          onkeydown: (event) => this.#move(event, choose),
        },
        label,
      ),
    );
    this.#panels = tabs.map(({ element, name }) =>
      el(
        'div',
        { role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': `tab-${name}`, tabindex: 0 },
        element,
      ),
    );
    this.element = el(
      'section',
      { class: 'tabs' },
      el('div', { role: 'tablist', 'aria-label': 'About the run' }, ...this.#buttons),
      ...this.#panels,
    );
  }

  show(name: string): void {
    for (const [at, tab] of this.#tabs.entries()) {
      const isShown = tab.name === name;
      const button = this.#buttons[at];
      button?.setAttribute('aria-selected', String(isShown));
      if (button !== undefined) button.tabIndex = isShown ? 0 : -1;
      const panel = this.#panels[at];
      if (panel !== undefined) panel.hidden = !isShown;
    }
  }

  #move(event: Event, choose: (name: string) => void): void {
    if (!(event instanceof KeyboardEvent)) return;
    const last = this.#tabs.length - 1;
    const at = this.#buttons.findIndex((button) => button === event.currentTarget);
    const wanted = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const to = wanted < 0 ? last : wanted > last ? 0 : wanted;
    const tab = this.#tabs[to];
    if (tab !== undefined) choose(tab.name);
    this.#buttons[to]?.focus();
  }
}
