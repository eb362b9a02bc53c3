/** The worker of `derive.ts`. */
import init, { derive_wallet_key, import_legacy_wallet } from 'rust-security/pkg';
import type { DeriveRequest, ImportedFile } from './derive.js';
import { answerBy } from './worker.js';

answerBy(init, (request: DeriveRequest): Uint8Array | ImportedFile => {
  if (request.task === 'key') return derive_wallet_key(request.password, request.kdf);
  const { wallet, report } = import_legacy_wallet(request.json, request.password);
  try {
    return { file: wallet.export(), report };
  } finally {
    wallet.free();
  }
});
