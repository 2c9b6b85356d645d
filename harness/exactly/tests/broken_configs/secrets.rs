//! What is refused may hold a password, wherever it stands. It is never repeated.

use crate::support::{GOOD, load};

#[test]
fn passwords_are_not_repeated() {
    let secret = "hunter2";
    let url = format!("mysql://u:{secret}@h/d");
    for (from, to) in [
        (
            "kind = \"postgres\"",
            format!("kind = \"postgres\"\nplace = \"{url}\""),
        ),
        (
            "kind = \"postgres\"",
            format!("kind = \"postgres\"\nplace = {{ at = \"{url}\" }}"),
        ),
        (
            "kind = \"postgres\"",
            format!("kind = \"postgres\"\nplace = {{ url = \"{url}\" }}"),
        ),
        (
            "kind = \"postgres\"",
            "kind = \"postgres\"\nplace = { env = \"BAD_POSTGRES\" }".into(),
        ),
        (
            "kind = \"postgres\"",
            format!("kind = \"postgres\"\nplace = [\"{url}\"]"),
        ),
        (
            "kind = \"kafka\"",
            format!("kind = \"kafka\"\nplace = {{ at = \"{url}\" }}"),
        ),
        ("kind = \"postgres\"", format!("kind = \"{url}\"")),
        ("[systems.pg]", format!("[systems.\"{url}\"]")),
        ("sql = \"schema.sql\"", format!("sql = \"{url}\"")),
        ("command = [\"./worker\"]", format!("command = [\"{url}\"]")),
        ("command = [\"./worker\"]", format!("command = \"{url}\"")),
        (
            "command = [\"./worker\"]",
            format!("command = [\"./worker\"]\ndir = \"{url}\""),
        ),
        (
            "DATABASE_URL = \"{pg.url}\"",
            format!("DATABASE_URL = \"{url}?{{pg.ulr}}\""),
        ),
        (
            "DATABASE_URL = \"{pg.url}\"",
            format!("DATABASE_URL = [\"{url}\"]"),
        ),
        (
            "DATABASE_URL = \"{pg.url}\"",
            format!("DATABASE_URL = \"{url}"),
        ),
        (
            "DATABASE_URL = \"{pg.url}\"",
            format!("DATABASE_URL = {url}"),
        ),
        (
            "ready = { log = \"started\", within = \"20s\" }",
            format!("ready = {{ tcp = \"{url}?x={{k.x}}\" }}"),
        ),
        (
            "ready = { log = \"started\", within = \"20s\" }",
            format!("ready = \"{url}\""),
        ),
        ("trial = \"60s\"", format!("trial = \"{url}\"")),
        ("seed = 1", format!("seed = \"{url}\"")),
        ("plan = \"every-boundary\"", format!("plan = \"{url}\"")),
        (
            "plan = \"every-boundary\"",
            format!("plan = {{ file = \"{url}\" }}"),
        ),
        (
            "timers = [\"k OffsetCommit\"]",
            format!("timers = [\"{url}\"]"),
        ),
        ("to = \"orders\"", format!("to = \"{url}\"")),
        (
            "before_trial = [\"./worker\", \"--clean\"]",
            format!("before_trial = [\"{url}\"]"),
        ),
    ] {
        assert_eq!(GOOD.matches(from).count(), 1, "{from}");
        let text = GOOD.replacen(from, &to, 1);
        let error = load("a secret", &text).expect_err(&to);
        let said = format!("{error} {error:?}");
        assert!(!said.contains(secret), "{to}: {said}");
    }
}
