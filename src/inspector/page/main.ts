import { el, say } from './dom.ts';
import { listView } from './list-view.ts';
import { readPlace } from './place.ts';
import { runView } from './run-view.ts';
import { Refusal, Server } from './server.ts';
import { tokenForm } from './token-form.ts';

/** One page at a time; it is told when it is left. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  /** The place changed within the same page. */
  moved?(): void;
  leave(): void;
}

const main = find('main');
const trouble = find('trouble');
const server = new Server();

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`there is no ${id}`);
  return element;
}

/** What is wrong, and still is; `null`: nothing any more. */
function tell(why: string | null): void {
  say(trouble, why ?? '');
}

/** What was asked for last; an answer to an earlier question comes too late. */
let asked = 0;
let shown: { readonly key: string; readonly view: View } | null = null;

async function show(): Promise<void> {
  const place = readPlace(location.hash);
  const key = place.page === 'run' ? `run ${place.run}` : 'list';
  if (shown?.key === key) {
    shown.view.moved?.();
    return;
  }
  asked += 1;
  const question = asked;
  try {
    const access = await server.access();
    if (question !== asked) return;
    shown?.view.leave();
    tell(null);
    const parts = { server, access, tell };
    const view = place.page === 'run' ? runView(place.run, parts) : listView(parts);
    shown = { key, view };
    document.title = `${view.title} - virtstate`;
    main.replaceChildren(view.element);
    view.element.querySelector('h1')?.focus();
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) askForToken(error.message);
    else {
      tell(error instanceof Error ? error.message : String(error));
      main.replaceChildren(el('button', { type: 'button', onclick: () => void show() }, 'Again'));
    }
  }
}

function askForToken(why: string): void {
  const form = tokenForm(why, (token) => {
    server.useToken(token);
    void show();
  });
  main.replaceChildren(form);
}

// Its fragment is no place of the page.
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', () => void show());
void show();
