import * as api from '/rust-crdt/pkg/rust_crdt.js';
import { runAll } from './run.js';

postMessage(await runAll(api));
