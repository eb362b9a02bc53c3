import * as api from '/rust-crypto/pkg/rust_crypto.js';
import { runAll } from './run.js';

postMessage(await runAll(api));
