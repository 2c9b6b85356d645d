//! The targets, without a fuzzer: the seeds as they are, then changed for as long as
//! `EXACTLY_FUZZ_SECONDS` says, all targets at once. `EXACTLY_FUZZ_SEED` changes them
//! otherwise. What failed is printed with the command that tries it again.

use exactly_fuzz::conversation;
use exactly_fuzz::drive::{Drive, Event, Meaning};
use exactly_fuzz::mutate::{INPUT_MAX, Random, mutate};
use exactly_fuzz::{PROTOCOLS, Protocol};
use peak_alloc::PeakAlloc;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const SECONDS: u64 = 2;
/// Inputs that are kept because they showed something new.
const KEPT_MAX: usize = 4_000;
/// Room of one input: it is driven several times, and everything that it showed is
/// kept to be compared. A length that is believed takes more.
const ROOM: usize = 8 << 20;

fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    match std::env::var(name) {
        Err(_) => otherwise,
        Ok(value) => match value.parse() {
            Ok(value) => value,
            Err(_) => panic!("{name} is no number: {value:?}"),
        },
    }
}

/// The seeds of a target, in the order of their names.
fn seeds(protocol: &Protocol) -> Vec<(String, Vec<u8>)> {
    // Both of HTTP's targets read the same.
    let folder = protocol.name.split('-').next().unwrap_or_default();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let data = std::fs::read(&path).expect("a seed can be read");
            (name.into_owned(), data)
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{} has no seeds", folder.display());
    seeds
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Tries one input; a failure is told with the command that repeats it.
fn tried(protocol: &Protocol, data: &[u8]) -> u32 {
    catch_unwind(AssertUnwindSafe(|| protocol.run(data))).unwrap_or_else(|_| {
        let input = hex(data);
        panic!(
            "{name} failed (see above) on {input}\nagain: EXACTLY_FUZZ_TARGET={name} \
             EXACTLY_FUZZ_INPUT={input} cargo test -p exactly-fuzz --test targets\nkeep these \
             bytes in a file of fuzz/corpus/ when it is mended (xxd -r -p makes them)",
            name = protocol.name,
        )
    })
}

/// Changes the seeds until the time is up; answers how many inputs there were, and how
/// many showed something new.
fn fuzzed(protocol: &Protocol, seed: u64, until: Instant) -> (u64, usize) {
    let mut pool: Vec<Vec<u8>> = seeds(protocol).into_iter().map(|(_, it)| it).collect();
    let mut known = BTreeSet::new();
    let mut random = Random::new(seed);
    let mut inputs = 0;
    while Instant::now() < until {
        let (from, beside) = (random.one(&pool), random.one(&pool));
        let data = mutate(from, beside, protocol.words, &mut random);
        inputs += 1;
        let is_new = known.insert(tried(protocol, &data));
        if is_new && pool.len() < KEPT_MAX {
            pool.push(data);
        }
    }
    (inputs, known.len())
}

/// One test, because it watches what the whole process allocates.
#[test]
fn decoders_keep_to_what_a_boundary_relies_on() {
    if let Ok(input) = std::env::var("EXACTLY_FUZZ_INPUT") {
        let name = std::env::var("EXACTLY_FUZZ_TARGET").expect("EXACTLY_FUZZ_TARGET is set too");
        let target = PROTOCOLS.iter().find(|it| it.name == name);
        target.expect("a target of this name").run(&unhex(&input));
        return;
    }
    seeds_are_conversations();
    for protocol in PROTOCOLS {
        for (name, data) in seeds(protocol) {
            ALLOCATED.reset_peak_usage();
            let before = ALLOCATED.current_usage();
            tried(protocol, &data);
            let used = ALLOCATED.peak_usage() - before;
            let most = ROOM + 64 * data.len();
            assert!(used <= most, "{}/{name} took {used} bytes", protocol.name);
        }
    }
    let seconds = setting("EXACTLY_FUZZ_SECONDS", SECONDS);
    let seed = setting("EXACTLY_FUZZ_SEED", 1);
    let until = Instant::now() + Duration::from_secs(seconds);
    ALLOCATED.reset_peak_usage();
    std::thread::scope(|threads| {
        for protocol in PROTOCOLS {
            threads.spawn(move || {
                let (inputs, kinds) = fuzzed(protocol, seed, until);
                // Seen with --nocapture, and when something fails.
                println!(
                    "{}: {inputs} inputs in {seconds} s, {kinds} kinds, seed {seed}",
                    protocol.name
                );
                assert!(inputs > 0, "{} was given no time", protocol.name);
            });
        }
    });
    let used = ALLOCATED.peak_usage();
    let kept = KEPT_MAX * INPUT_MAX;
    let most = PROTOCOLS.len() * (ROOM + kept);
    assert!(used <= most, "{used} bytes at once, more than {most}");
}

/// A seed that no decoder reads leads nowhere.
fn seeds_are_conversations() {
    for protocol in PROTOCOLS {
        for (name, data) in seeds(protocol) {
            // It takes what it is; some are kept because they are refused.
            if name.starts_with("once-") {
                continue;
            }
            let mut drive = Drive::new(protocol, true);
            for (dir, bytes) in conversation::read(&data) {
                drive.read(dir, bytes);
            }
            let name = format!("{}/{name}", protocol.name);
            assert_eq!(drive.seen.error, None, "{name}");
            let closes = |event: &&Event| matches!(event.meaning, Meaning::Closes(_));
            let closed = drive.seen.events.iter().filter(closes).count();
            assert!(closed > 0, "{name} has no exchange");
        }
    }
}

#[test]
fn inputs_go_into_a_command_and_back() {
    assert_eq!(unhex(&hex(b"\0\xffx7")), b"\0\xffx7");
}
