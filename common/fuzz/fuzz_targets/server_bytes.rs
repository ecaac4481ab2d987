#![no_main]
//! See `fuzz::bytes`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::bytes::to_server(input);
});
