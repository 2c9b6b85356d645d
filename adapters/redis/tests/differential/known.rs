//! What the two servers may answer differently, and why.

/// What is done with both replies to a command before they are compared.
enum Settle {
    /// The elements are sorted: Redis has them in the order of a hash table.
    Sorted,
    /// A number that is not negative is a time, or counts something: it becomes `T`
    /// where the other server was asked a little later.
    Times,
    /// The number behind this field is left out.
    Without(&'static [u8]),
}

const KNOWN: &[(&str, Settle, &str)] = &[
    ("keys", Settle::Sorted, "order of a hash table"),
    ("smembers", Settle::Sorted, "order of a hash table"),
    (
        "ttl",
        Settle::Times,
        "the servers are asked one after the other",
    ),
    (
        "pttl",
        Settle::Times,
        "the servers are asked one after the other",
    ),
    (
        "xpending",
        Settle::Times,
        "idle times: asked one after the other",
    ),
    (
        "xinfo",
        Settle::Times,
        "idle times: asked one after the other",
    ),
    (
        "xinfo",
        Settle::Without(b"radix-tree-nodes"),
        "inner nodes of a radix tree, which the embedded server does not have",
    ),
];

pub fn settled(args: &[Vec<u8>], reply: Vec<u8>) -> Vec<u8> {
    let name = args.first().map(|name| name.to_ascii_lowercase());
    let name = String::from_utf8(name.unwrap_or_default()).unwrap_or_default();
    let mut reply = reply;
    for (command, settle, _) in KNOWN {
        if *command == name {
            reply = applied(settle, reply);
        }
    }
    reply
}

fn applied(settle: &Settle, reply: Vec<u8>) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = reply
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    match settle {
        Settle::Sorted => lines.sort(),
        Settle::Times => {
            for line in &mut lines {
                let is_number = line.first() == Some(&b':');
                let text = String::from_utf8_lossy(&line[usize::from(is_number)..]);
                let number: Option<i64> = text.trim().parse().ok();
                // Counts of scripts are below a hundred; so are a test's idle times,
                // in milliseconds, only by chance: those are asked with a pause.
                if is_number && number.is_some_and(|number| number >= 100) {
                    *line = b":T".to_vec();
                }
            }
        }
        Settle::Without(field) => {
            let at = lines.iter().position(|line| line.starts_with(field));
            if let Some(at) = at {
                lines[at + 1] = b":left out".to_vec();
            }
        }
    }
    lines.join(&b'\n')
}
