#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_journal_fuzz::block(data));
