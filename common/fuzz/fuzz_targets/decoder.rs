#![no_main]
//! See `fuzz::decoder`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::decoder::run(input));
