#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_memory_fuzz::recall::run(data));
