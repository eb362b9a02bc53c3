#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chrysalis_consensus_fuzz::raft(data));
