/** The page: which of its views is shown, and what their buttons do. */
import { initSecurity } from 'chrysalis-native/security';
import { confirm, prepareConfirm } from './confirm.js';
import { button, closeDialogs, element, emptyFields, fail, input, onSubmit, showStrength, take, takeNewPassword } from './dom.js';
import { explain } from './errors.js';
import { ago, prepareKeys, showKeys } from './keys.js';
import { prepareOlder, takeOverFile } from './older.js';
import { prepareSettings } from './settings.js';
import { hideToast, toast } from './toast.js';
import { MAX_FILE_BYTES, PageError, Vault } from './vault.js';

const VIEWS = { none: 'view-start', locked: 'view-locked', open: 'view-open' } as const;

let shown: keyof typeof VIEWS | undefined;

async function start(): Promise<void> {
  if (window.top !== window.self) throw new Error('It is shown inside another page, which could be after your password. Open it by itself.');
  if (!isSecureContext) throw new Error('This address is not secure. Open the page over https, or from this computer.');
  onlyOurWorker();
  await initSecurity();
  const vault: Vault = await Vault.open(() => show(vault));
  prepareConfirm();
  prepareKeys(vault);
  prepareSettings(vault);
  prepareViews(vault);
  prepareFiles(vault);
  prepareOlder(vault, (error) => showProblem(explain(error)));
  show(vault);
}

/** The policy of the page refuses script addresses that are not let through here: that of the worker which derives keys is. */
function onlyOurWorker(): void {
  const allowed = new URL('./rust_security_worker.js', import.meta.url).href;
  const { trustedTypes } = globalThis as {
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown };
  };
  trustedTypes?.createPolicy('default', {
    createScriptURL(address) {
      if (address !== allowed) throw new TypeError('no script but the one of this page');
      return address;
    },
  });
}

function prepareViews(vault: Vault): void {
  showStrength('create-password', 'create-strength');
  onSubmit('create', 'create-error', 'Sealing…', async () => {
    const password = takeNewPassword('create-password', 'create-repeat', 'create-error');
    if (password === undefined) return;
    await vault.create(password);
    // Asks the browser not to drop the file when room gets short. It may say no, and then the download is the only copy.
    void navigator.storage?.persist?.();
  });
  onSubmit('unlock', 'unlock-error', 'Unlocking…', async () => {
    const password = take('unlock-password');
    if (password === '') return fail('unlock-error', 'Type the password first.', 'unlock-password');
    try {
      await vault.unlock(password);
    } catch (error) {
      fail('unlock-error', explain(error), 'unlock-password');
    }
  });
  button('lock').addEventListener('click', () => vault.lock());
  for (const close of document.querySelectorAll('[data-close]')) {
    close.addEventListener('click', () => close.closest('dialog')?.close(''));
  }
  for (const forget of document.querySelectorAll('[data-forget]')) forget.addEventListener('click', () => void forgetVault(vault));
  setInterval(() => showTimes(vault), 1000);
  // The wallet's timer does not run while the computer sleeps.
  for (const type of ['focus', 'pageshow']) addEventListener(type, () => vault.lockIfIdle());
  document.addEventListener('visibilitychange', () => vault.lockIfIdle());
  // The browser may keep a page that was left, to show it again: not with an open vault, nor with half a password in it.
  addEventListener('pagehide', () => {
    emptyFields();
    vault.lockHere();
  });
}

function prepareFiles(vault: Vault): void {
  const picker = input('file');
  for (const open of document.querySelectorAll('[data-open-file]')) {
    open.addEventListener('click', () => {
      closeDialogs();
      picker.value = ''; // so that choosing the same file again counts
      picker.click();
    });
  }
  picker.addEventListener('change', async () => {
    const file = picker.files?.[0];
    if (!file) return;
    showProblem('');
    try {
      await openFile(vault, file);
    } catch (error) {
      showProblem(explain(error));
    }
  });
  for (const download of document.querySelectorAll('[data-download]')) {
    download.addEventListener('click', async () => {
      showProblem('');
      try {
        offer(await vault.export());
      } catch (error) {
        showProblem(explain(error));
      }
    });
  }
}

async function openFile(vault: Vault, file: File): Promise<void> {
  if (file.size > MAX_FILE_BYTES) throw new PageError('FILE_TOO_LARGE');
  const json = await file.text();
  const found = await vault.inspect(json).catch(async (error: unknown) => {
    if (!isOlderWallet(error)) throw error;
    await takeOverFile(vault, json, vault.state === 'none' ? undefined : lossOf(vault));
  });
  if (!found) return;
  if (vault.state !== 'none') {
    const keys = `${found.keys} ${found.keys === 1 ? 'key' : 'keys'}`;
    const kind = !found.isSame ? 'It is a different vault' : found.isOlder ? 'It is an older copy of this vault' : 'It is a copy of this vault, as new or newer';
    const warning = isBackedUp(vault) && found.isSame && !found.isOlder ? undefined : lossOf(vault);
    const question = { title: 'Put this file in the place of the vault here?', text: `${kind}, with ${keys}.`, action: 'Replace' };
    if (!(await confirm({ ...question, ...(warning && { warning, isDanger: true }) }))) return;
  }
  await vault.import(found.json);
  toast('The file was taken over. Its password opens it.');
}

/** Whether a file was refused because an older program wrote it. */
function isOlderWallet(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === 'WALLET_LOAD' && message?.includes('older program') === true;
}

async function forgetVault(vault: Vault): Promise<void> {
  closeDialogs();
  const question = { title: 'Remove the vault from this browser?', text: 'Downloaded files stay as they are, and open again here.' };
  const warning = lossOf(vault);
  if (await confirm({ ...question, action: 'Remove vault', isDanger: true, warning })) {
    try {
      await vault.forget();
      toast('The vault was removed from this browser.');
    } catch (error) {
      showProblem(explain(error));
    }
  }
}

/** What is lost with the vault that is kept here. */
function lossOf(vault: Vault): string {
  if (isBackedUp(vault)) return 'What is kept here goes. Make sure that you still have the file you downloaded.';
  const never = vault.kept?.downloadedAt === null;
  return never ? 'This vault was never downloaded: its keys are lost.' : 'Changes since the last download are lost.';
}

function isBackedUp({ kept }: Vault): boolean {
  return kept !== undefined && kept.downloadedAt !== null && kept.downloadedAt >= kept.changedAt;
}

/** Hands a sealed file to the person. */
function offer(json: string): void {
  const address = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  const link = document.createElement('a');
  Object.assign(link, { href: address, download: `vault-${new Date().toISOString().slice(0, 10)}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Shows the view that fits what the vault is now. */
function show(vault: Vault): void {
  const { state } = vault;
  const before = shown;
  if (state !== before) {
    closeDialogs();
    emptyFields();
    hideToast();
    showProblem('');
    for (const id of Object.values(VIEWS)) element(id).hidden = id !== VIEWS[state];
    element('session').hidden = state !== 'open';
    shown = state;
  }
  if (state === 'open') {
    showKeys(vault);
    showBackup(vault);
  } else {
    element('keys').replaceChildren();
  }
  if (state === 'locked') {
    const { length } = vault.entries;
    element('locked-about').textContent = length === 0 ? 'It holds no keys yet.' : `It holds ${length} ${length === 1 ? 'key' : 'keys'}.`;
    element('unlock').hidden = !vault.hasPassword;
    element('locked-keyless').hidden = vault.hasPassword;
    if (state !== before) {
      const isExplained = before === 'open' && vault.lockedItself;
      element('locked-why').textContent = isExplained ? 'It locked itself, since no key was used for a while.' : '';
      element('locked-why').hidden = !isExplained;
    }
  }
  showTimes(vault);
  if (state === before) return;
  document.title = { none: 'Chrysalis vault', locked: 'Locked – Chrysalis vault', open: 'Chrysalis vault' }[state];
  if (state === 'locked') input('unlock-password').focus();
  else if (before !== undefined || state === 'open') element(VIEWS[state]).querySelector<HTMLElement>('h1')?.focus();
}

function showBackup(vault: Vault): void {
  const { kept } = vault;
  const isDue = !isBackedUp(vault) && vault.entries.length > 0;
  element('backup-state').textContent = isBackedUp(vault)
    ? 'Your downloaded file is up to date.'
    : kept?.downloadedAt == null
      ? 'Kept in this browser only.'
      : `Changed since the file was downloaded ${ago(kept.downloadedAt)}.`;
  document.querySelector('.backup')?.classList.toggle('due', isDue);
}

/** How long it is until the vault locks itself. */
function showTimes(vault: Vault): void {
  if (vault.state !== 'open') return;
  const { deadline } = vault;
  const seconds = deadline === null ? Infinity : Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  element('deadline').textContent =
    seconds === Infinity ? 'Does not lock by itself' : seconds <= 60 ? `Locks in ${seconds} s` : `Locks in ${Math.round(seconds / 60)} min`;
}

/** Says what went wrong in the view that is shown. */
function showProblem(text: string): void {
  for (const id of ['start-error', 'locked-error', 'open-error']) element(id).textContent = text;
}

start().catch((error: unknown) => {
  const isOurs = error instanceof Error && error.constructor === Error && !('code' in error);
  element('failed-why').textContent = isOurs ? error.message : explain(error);
  element('view-failed').hidden = false;
});
