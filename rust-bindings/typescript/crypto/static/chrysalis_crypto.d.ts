export * from './rust_crypto.cjs';
