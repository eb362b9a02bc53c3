import crypto = require('rust-crypto/pkg');
import old = require('rust-crypto/pkg/chrysalis_crypto');

export const digest: string = crypto.blake3_hex(old.random_bytes(3));
export const ready: Promise<crypto.InitOutput> = crypto.default();
