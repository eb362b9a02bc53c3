/** Settings, and the change of the password. */
import { confirm } from './confirm.js';
import { button, byId, dialog, input, onSubmit, openDialog, showStrength, take, takeNewPassword } from './dom.js';
import { toast } from './toast.js';
import type { Vault } from './vault.js';

/** Prepares the dialog; to be called once. */
export function prepareSettings(vault: Vault): void {
  const autoLock = byId('auto-lock', HTMLSelectElement);
  button('settings-open').addEventListener('click', () => {
    const { autoLockTimeout, requirePasswordOnAccess } = vault.settings;
    void openDialog('settings-dialog');
    // A time that was chosen elsewhere, such as by a program, stays one of the choices.
    if (![...autoLock.options].some(({ value }) => value === String(autoLockTimeout))) {
      autoLock.add(new Option(`${autoLockTimeout} minutes`, String(autoLockTimeout)));
    }
    autoLock.value = String(autoLockTimeout);
    input('ask-password').checked = requirePasswordOnAccess;
  });
  onSubmit('settings-form', 'settings-error', 'Saving…', async () => {
    const requirePasswordOnAccess = input('ask-password').checked;
    // Whoever finds the vault open must not be able to just switch this off.
    if (vault.settings.requirePasswordOnAccess && !requirePasswordOnAccess) {
      const question = { title: 'Stop asking before a key is copied?', text: 'Whoever finds the vault open can copy keys then.', action: 'Stop asking' };
      if (!(await confirm({ ...question, verify: (password) => vault.verify(password) }))) return;
    }
    await vault.updateSettings({ autoLockTimeout: Number(autoLock.value), requirePasswordOnAccess });
    dialog('settings-dialog').close('done');
    toast('The settings were saved.');
  });
  showStrength('password-new', 'password-strength');
  onSubmit('password-form', 'password-error', 'Changing…', async () => {
    const newPassword = takeNewPassword('password-new', 'password-repeat', 'password-error');
    if (newPassword === undefined) return;
    await vault.changePassword(take('password-old'), newPassword);
    dialog('settings-dialog').close('done');
    toast('The password was changed. Download the file again: older copies open with the old password.');
  });
}
