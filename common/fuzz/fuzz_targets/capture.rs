#![no_main]
//! See `fuzz::capture`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::capture::run(input));
