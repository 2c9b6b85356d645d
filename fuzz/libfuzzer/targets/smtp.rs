//! SMTP.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    exactly_fuzz::protocols::smtp::SMTP.run(data);
});
