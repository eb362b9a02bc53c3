#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_security_fuzz::state(data));
