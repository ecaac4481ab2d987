#![no_main]
//! See `fuzz::play`.

libfuzzer_sys::fuzz_target!(|script: fuzz::operations::Script| {
    fuzz::play::play(&script);
});
