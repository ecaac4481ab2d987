#![no_main]
//! See `fuzz::parsers`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::parsers::run(input));
