//! HTTP, as the embedded service speaks it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    exactly_fuzz::protocols::http::AUDITED.run(data);
});
