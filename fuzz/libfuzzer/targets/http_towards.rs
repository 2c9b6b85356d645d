//! HTTP towards a service of somebody else's.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    exactly_fuzz::protocols::http::TOWARDS.run(data);
});
