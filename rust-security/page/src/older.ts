/** Taking over the wallets of older programs. */
import type { ImportReport } from 'chrysalis-native/security';
import { confirm } from './confirm.js';
import { button, byId, dialog, element, fail, input, onSubmit, openDialog, showStrength, take, takeNewPassword } from './dom.js';
import { PageError } from './vault.js';
import type { OlderWallet, Vault } from './vault.js';

/** Where the older program for browsers kept its wallet, on the address that it was served from. */
const OLDER_STORE = 'chrysalis_wallet';

/** What is asked about; `closed` ends the work on it. */
let found: { wallet: OlderWallet; isStored: boolean; closed: AbortController } | undefined;

/** Prepares the dialogs; to be called once. `problem` shows what went wrong outside of them. */
export function prepareOlder(vault: Vault, problem: (error: unknown) => void): void {
  showStrength('import-choose', 'import-strength');
  button('import-found').hidden = stored() === undefined;
  button('import-found').addEventListener('click', () => {
    try {
      const json = stored();
      if (json === undefined) throw new PageError('FILE_NO_WALLET');
      askToTakeOver(vault.inspectOlder(json), true);
    } catch (error) {
      problem(error);
    }
  });
  onSubmit('import-form', 'import-error', 'Taking over…', async () => {
    if (!found) return;
    const { wallet, isStored, closed } = found;
    const password = wallet.isClear ? takeNewPassword('import-choose', 'import-repeat', 'import-error') : take('import-password');
    if (password === undefined) return;
    if (password === '') return fail('import-error', 'Type the password first.', 'import-password');
    const tell = (done: number, total: number) => closed.signal.aborted || showProgress(done, total);
    let report;
    try {
      report = await vault.importOlder(wallet, password, tell, closed.signal);
    } catch (error) {
      if (closed.signal.aborted) return; // closing the dialog is a no
      throw error;
    } finally {
      element('import-progress').hidden = true;
    }
    const isRemoved = isStored && report.failed.length === 0;
    if (isRemoved) localStorage.removeItem(OLDER_STORE);
    button('import-found').hidden = stored() === undefined;
    dialog('import-dialog').close('done');
    showReport(report, wallet, isRemoved);
  });
}

/** Asks for the password of a wallet in a file, after asking whether it may take the place of the vault here. */
export async function takeOverFile(vault: Vault, json: string, warning: string | undefined): Promise<void> {
  const wallet = vault.inspectOlder(json);
  if (vault.state !== 'none') {
    const text = `It is a wallet of an older program, with ${count(wallet.keys, 'key')}.`;
    const question = { title: 'Put this file in the place of the vault here?', text, action: 'Go on' };
    if (!(await confirm({ ...question, ...(warning && { warning, isDanger: true }) }))) return;
  }
  askToTakeOver(wallet, false);
}

function askToTakeOver(wallet: OlderWallet, isStored: boolean): void {
  const closed = new AbortController();
  found = { wallet, isStored, closed };
  element('import-about').textContent = `${isStored ? 'This browser has' : 'The file is'} a wallet of an older program, with ${count(wallet.keys, 'key')}.`;
  element('import-warning').textContent = wallet.isClear ? 'Its keys are in clear, for anyone to read. They are sealed here under a new password.' : '';
  element('import-warning').hidden = !wallet.isClear;
  element('import-old').hidden = wallet.isClear;
  element('import-new').hidden = !wallet.isClear;
  element('import-progress').hidden = true;
  void openDialog('import-dialog').then(() => {
    closed.abort();
    found = undefined;
  });
  input(wallet.isClear ? 'import-choose' : 'import-password').focus();
}

function showProgress(done: number, total: number): void {
  const bar = element('import-progress').querySelector('progress');
  if (!bar) return;
  bar.max = Math.max(total, 1);
  bar.value = done;
  element('import-done').textContent = `${done} of ${count(total, 'key')}`;
  element('import-progress').hidden = false;
}

function showReport(report: ImportReport, wallet: OlderWallet, isRemoved: boolean): void {
  const { imported, failed, unrecoverable, warnings } = report;
  const lines = [`${count(imported.length, 'key')} ${imported.length === 1 ? 'is' : 'are'} in the vault now.`];
  for (const { index, code } of failed) lines.push(`The ${ordinal(index + 1)} key could not be read (${code}).`);
  for (const { provider, name } of unrecoverable) lines.push(`${name || 'A key'} of ${provider || 'an unknown provider'} is lost: it was sealed under a key that was never stored. Replace it at its provider.`);
  if (wallet.isClear) lines.push('The keys were in clear until now: replace them at their providers.');
  else lines.push(...warnings.map((warning) => `${warning.charAt(0).toUpperCase()}${warning.slice(1)}.`));
  lines.push(isRemoved ? 'The older wallet was removed from this browser.' : 'The older wallet is where it was. Delete it: its password is guessed fast from what it holds.');
  const items = lines.map((text) => Object.assign(document.createElement('li'), { textContent: text }));
  byId('report', HTMLUListElement).replaceChildren(...items);
  void openDialog('report-dialog');
}

/** What the older program left in this browser. */
function stored(): string | undefined {
  try {
    return localStorage.getItem(OLDER_STORE) ?? undefined;
  } catch {
    return undefined; // no storage, as in some private windows
  }
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`;

function ordinal(number: number): string {
  const ending = number % 100 > 10 && number % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}
