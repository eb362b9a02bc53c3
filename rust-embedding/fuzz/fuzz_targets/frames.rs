#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chrysalis_embedding_fuzz::frames(bytes));
