import { readFile } from 'node:fs/promises';
import init, { CryptoError, verify_record_proof } from 'rust-crypto/pkg';

await init();
try {
  const record = verify_record_proof(await readFile('answer.proof'));
  console.log(`signed by ${record.author}, record ${record.sequence} of its author`);
  console.log(`${record.content.length} bytes, ${new Date(record.timeMs).toISOString()}`);
} catch (error) {
  if (!(error instanceof CryptoError)) throw error;
  console.error(`not what it claims to be: ${error.code}`);
  process.exitCode = 1;
}
