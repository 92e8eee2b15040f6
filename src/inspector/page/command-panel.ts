import type { Command } from './commands.ts';
import { commands } from './commands.ts';
import { el, rebuilder, say } from './dom.ts';
import type { Panel } from './picture.ts';
import type { Server } from './server.ts';

/** A button for each command that the machine takes now, and no other. */
export function commandPanel(run: string, server: Server): Panel {
  const row = el('div', { class: 'commands', role: 'group', 'aria-label': 'Commands' });
  const answer = el('p', { class: 'quiet', role: 'status' });
  const dialogs = el('div');
  const send = async (type: string, command: Command, amount: number | null): Promise<void> => {
    const field = command.amount?.field;
    const event = field === undefined || amount === null ? { type } : { type, [field]: amount };
    say(answer, `${command.label} ...`);
    try {
      say(answer, `${command.label}: ${await server.send(run, event)}`);
    } catch (error) {
      say(answer, `${command.label}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const choose = (type: string, command: Command): void => {
    if (command.question === null && command.amount === undefined) void send(type, command, null);
    else dialogs.replaceChildren(ask(command, (amount) => void send(type, command, amount)));
    dialogs.querySelector('dialog')?.showModal();
  };
  const show = rebuilder(row, (types: readonly string[]) =>
    types.flatMap((type) => {
      const command = commands[type];
      if (command === undefined) return [];
      const { label, question } = command;
      const onclick = (): void => choose(type, command);
      const attributes = { type: 'button', 'data-command': type, onclick };
      return [el('button', { ...attributes, class: question === null ? '' : 'danger' }, label)];
    }),
  );
  return {
    element: el('div', {}, row, answer, dialogs),
    show: ({ access, details, isLive }) => {
      const isOpen = details !== null && details.finishedAt === null && isLive;
      show(access.mayOperate && isOpen ? (details.allowed ?? []) : []);
    },
  };
}

/** The question before something that cannot be taken back, or the amount that a command takes. */
function ask(command: Command, sure: (amount: number | null) => void): HTMLDialogElement {
  const { amount, label, question } = command;
  const input =
    amount === undefined
      ? null
      : el('input', {
          id: 'amount',
          type: 'number',
          min: amount.least,
          step: 1,
          required: true,
          autofocus: true,
        });
  const close = (): void => dialog.close();
  const submit = (event: Event): void => {
    event.preventDefault();
    dialog.close();
    sure(input === null ? null : input.valueAsNumber);
  };
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'question' },
    el(
      'form',
      { onsubmit: submit },
      el('h2', { id: 'question' }, label),
      question === null ? null : el('p', {}, question),
      amount === undefined ? null : el('label', { for: 'amount' }, amount.label),
      input,
      el(
        'div',
        { class: 'line end' },
        // What does no harm is at hand first.
        el('button', { type: 'button', autofocus: input === null, onclick: close }, 'Go back'),
        el('button', { type: 'submit', class: question === null ? '' : 'danger' }, label),
      ),
    ),
  );
  return dialog;
}
