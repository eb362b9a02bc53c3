#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_embedding_fuzz::model(data));
