export * from './rust_crypto.cjs';
export { init as default } from './rust_crypto.cjs';
