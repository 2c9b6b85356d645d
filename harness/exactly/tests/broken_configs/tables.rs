//! The form of the file: syntax, tables, keys that are unknown, missing or twice.

use crate::support::{Row, row};

pub fn rows() -> Vec<Row> {
    [syntax(), unknown(), missing()].concat()
}

fn syntax() -> Vec<Row> {
    vec![
        row(
            "a quote that is not closed",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = \"orders\n\n[systems.k]",
            ),
            "\"orders\n",
            "",
            &["string"],
        ),
        row(
            "no quotes at all",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = orders\n\n[systems.k]",
            ),
            "name = orders",
            "",
            &["quote"],
        ),
        row(
            "a key without a value",
            ("messages = 6", "messages ="),
            "messages =",
            "",
            &[""],
        ),
        row(
            "a header that is not closed",
            ("[systems.pg]", "[systems.pg"),
            "[systems.pg",
            "",
            &["]"],
        ),
        row(
            "YAML",
            ("[systems.pg]", "systems:\n  pg:"),
            "systems:",
            "",
            &[""],
        ),
        row(
            "one key twice",
            ("messages = 6", "messages = 6\nmessages = 7"),
            "messages = 7",
            "",
            &["duplicate"],
        ),
        row(
            "one table twice",
            ("[faults]", "[feed]\nkeys = 2\n\n[faults]"),
            "[feed]\nkeys",
            "",
            &["duplicate"],
        ),
        row(
            "two systems of one name",
            (
                "[systems.pg]",
                "[systems.k]\nkind = \"kafka\"\n\n[systems.pg]",
            ),
            "[systems.k]\nkind = \"kafka\"\n\n[systems.pg]",
            "",
            &["duplicate"],
        ),
        row(
            "a list in the place of a table",
            (
                "stop = { signal = \"TERM\", grace = \"4s\" }",
                "stop = [\"TERM\", \"4s\"]",
            ),
            "[\"TERM\"",
            "process[0].stop",
            &["a list", "stop = {"],
        ),
        row(
            "a system that is there several times",
            ("[systems.pg]", "[[systems.pg]]"),
            "[[systems.pg]]",
            "systems.pg",
            &["a list", "[systems.pg]"],
        ),
        row(
            "a topic by position",
            ("{ name = \"accepted\" }", "[\"accepted\", 1]"),
            "[\"accepted\"",
            "systems.k.setup.topics[1]",
            &["a list in a list"],
        ),
        row(
            "an inline table over two lines",
            (
                "ready = { log = \"started\", within = \"20s\" }",
                "ready = { log = \"started\",\n  log = \"x\" }",
            ),
            "  log = \"x\"",
            "",
            &["duplicate"],
        ),
    ]
}

fn unknown() -> Vec<Row> {
    vec![
        row(
            "an unknown key of the file",
            (
                "name = \"orders\"\n\n[systems.k]",
                "nmae = \"orders\"\n\n[systems.k]",
            ),
            "nmae",
            "nmae",
            &["unknown key", "did you mean \"name\"?"],
        ),
        row(
            "an unknown table",
            ("[limits]", "[limit]"),
            "[limit]",
            "limit",
            &["unknown key", "did you mean \"limits\"?"],
        ),
        row(
            "processes in the plural",
            (
                "[[process]]\nname = \"relay\"\ncommand = [\"./worker\"]",
                "[[processes]]\nname = \"relay\"\ncommand = [\"./worker\"]",
            ),
            "[[processes]]",
            "processes",
            &["did you mean \"process\"?"],
        ),
        row(
            "an unknown key of a system",
            ("client_timeout = \"5s\"", "clienttimeout = \"5s\""),
            "clienttimeout",
            "systems.k.clienttimeout",
            &["did you mean \"client_timeout\"?"],
        ),
        row(
            "an unknown key of a setup",
            ("setup = { sql =", "setup = { sqll ="),
            "sqll",
            "systems.pg.setup.sqll",
            &["did you mean \"sql\"?"],
        ),
        row(
            "an unknown key of a topic",
            ("partitions = 3", "partition = 3"),
            "partition = 3",
            "systems.k.setup.topics[0].partition",
            &["did you mean \"partitions\"?"],
        ),
        row(
            "an unknown key of a process",
            ("instances = 1", "instance = 1"),
            "instance = 1",
            "process[0].instance",
            &["did you mean \"instances\"?"],
        ),
        row(
            "an unknown key of ready",
            ("within = \"20s\"", "timeout = \"20s\""),
            "timeout = \"20s\"",
            "process[0].ready.timeout",
            &["unknown key", "within"],
        ),
        row(
            "an unknown key of stop",
            ("grace = \"4s\"", "grce = \"4s\""),
            "grce",
            "process[0].stop.grce",
            &["did you mean \"grace\"?"],
        ),
        row(
            "an unknown key of restart",
            ("delay = \"200ms\"", "dealy = \"200ms\""),
            "dealy",
            "process[0].restart.dealy",
            &["did you mean \"delay\"?"],
        ),
        row(
            "an unknown key of the feed",
            ("messages = 6", "mesages = 6"),
            "mesages",
            "feed.mesages",
            &["did you mean \"messages\"?"],
        ),
        row(
            "an unknown key of an observer",
            ("view = \"read_committed\"", "veiw = \"read_committed\""),
            "veiw",
            "observe[1].veiw",
            &["did you mean \"view\"?"],
        ),
        row(
            "an unknown key of faults",
            ("exhaustive = false", "exhaustiv = false"),
            "exhaustiv = false",
            "faults.exhaustiv",
            &["did you mean \"exhaustive\"?"],
        ),
        row(
            "an unknown key of what is allowed",
            ("reason = \"the", "because = \"the"),
            "because",
            "expect.allow[0].because",
            &["unknown key", "reason"],
        ),
        row(
            "an unknown key of what is expected of a sink",
            (
                "guarantee = \"at-least-once\"",
                "garantee = \"at-least-once\"",
            ),
            "garantee",
            "expect.records.garantee",
            &["did you mean \"guarantee\"?"],
        ),
        row(
            "an unknown key of hooks",
            ("before_trial", "before_trail"),
            "before_trail",
            "hooks.before_trail",
            &["did you mean \"before_trial\"?"],
        ),
        row(
            "an unknown key of limits",
            ("quiet = \"300ms\"", "silence = \"300ms\""),
            "silence",
            "limits.silence",
            &["unknown key"],
        ),
        row(
            "a key that stands under the wrong table",
            ("seed = 1", "messages = 1"),
            "messages = 1",
            "faults.messages",
            &["unknown key"],
        ),
    ]
}

fn missing() -> Vec<Row> {
    vec![
        row(
            "a system without a kind",
            ("kind = \"postgres\"\n", ""),
            "[systems.pg]",
            "systems.pg",
            &["missing key `kind`"],
        ),
        row(
            "a topic without a name",
            ("{ name = \"accepted\" }", "{ partitions = 2 }"),
            "{ partitions = 2 }",
            "systems.k.setup.topics[1]",
            &["missing key `name`"],
        ),
        row(
            "a process without a command",
            ("command = [\"./worker\"]\n", ""),
            "[[process]]\nname = \"relay\"",
            "process[1]",
            &["missing key `command`"],
        ),
        row(
            "a process without a name",
            ("name = \"relay\"\n", ""),
            "[[process]]\ncommand",
            "process[1]",
            &["missing key `name`"],
        ),
        row(
            "an observer without a name",
            ("name = \"records\"\n", ""),
            "[[observe]]\nsystem = \"k\"",
            "observe[1]",
            &["missing key `name`"],
        ),
        row(
            "what is allowed without a reason",
            (", reason = \"the report is rebuilt each night\"", ""),
            "{ code = \"D2\" }",
            "expect.allow[0]",
            &["missing key `reason`"],
        ),
        row(
            "what is allowed without a code",
            ("code = \"D2\", ", ""),
            "{ reason",
            "expect.allow[0]",
            &["missing key `code`"],
        ),
        row(
            "a name that is a number",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = 7\n\n[systems.k]",
            ),
            "name = 7",
            "name",
            &["integer `7`", "a string"],
        ),
        row(
            "a name with spaces",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = \"my orders\"\n\n[systems.k]",
            ),
            "my orders",
            "name",
            &["\"my orders\" is no name", "a-z"],
        ),
        row(
            "a name that is a path",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = \"../orders\"\n\n[systems.k]",
            ),
            "../orders",
            "name",
            &["is no name"],
        ),
        row(
            "an empty name",
            (
                "name = \"orders\"\n\n[systems.k]",
                "name = \"\"\n\n[systems.k]",
            ),
            "name = \"\"",
            "name",
            &["is no name"],
        ),
    ]
}
