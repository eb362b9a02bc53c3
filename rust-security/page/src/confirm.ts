/** The questions of the page. */
import { button, dialog, element, input, onSubmit, openDialog, take } from './dom.js';

export interface Question {
  title: string;
  text: string;
  /** What may be lost. */
  warning?: string;
  /** What the button that goes on says. */
  action: string;
  isDanger?: boolean;
  /** Asks for the password, which is judged by throwing. */
  verify?: (password: string) => Promise<void>;
}

let verify: Question['verify'];

/** Prepares the dialog; to be called once. */
export function prepareConfirm(): void {
  onSubmit('confirm-form', 'confirm-error', 'Checking…', async () => {
    if (verify) await verify(take('confirm-password'));
    dialog('confirm-dialog').close('done');
  });
}

/** Asks; whether the answer is yes. */
export async function confirm(question: Question): Promise<boolean> {
  verify = question.verify;
  element('confirm-title').textContent = question.title;
  element('confirm-text').textContent = question.text;
  element('confirm-warning').textContent = question.warning ?? '';
  element('confirm-warning').hidden = !question.warning;
  element('confirm-field').hidden = !verify;
  button('confirm-submit').textContent = question.action;
  button('confirm-submit').classList.toggle('danger', question.isDanger ?? false);
  const answer = openDialog('confirm-dialog');
  if (verify) input('confirm-password').focus();
  else if (question.isDanger) element('confirm-dialog').querySelector<HTMLElement>('[data-close]')?.focus();
  else button('confirm-submit').focus();
  return answer.finally(() => (verify = undefined));
}
