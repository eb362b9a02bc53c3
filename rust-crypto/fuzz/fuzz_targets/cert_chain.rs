#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_crypto_fuzz::cert_chain(data));
