import * as api from '/rust-security/pkg/rust_security.js';
import { runAll } from './checks.js';

postMessage(await runAll(api));
