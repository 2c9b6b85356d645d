//! Processes: commands, environment, readiness.

use crate::support::{Row, row};

const COMMAND: &str = "command = [\"./worker\"]";
const READY: &str = "ready = { log = \"started\", within = \"20s\" }";
const DATABASE: &str = "DATABASE_URL = \"{pg.url}\"";

pub fn rows() -> Vec<Row> {
    [names(), commands(), environments(), ready(), rest()].concat()
}

fn names() -> Vec<Row> {
    vec![
        row(
            "two processes of one name",
            ("name = \"relay\"", "name = \"worker\""),
            "name = \"worker\"\ncommand = [\"./worker\"]\n",
            "process[1].name",
            &["\"worker\" is there twice"],
        ),
        row(
            "a process whose name is a path",
            ("name = \"relay\"", "name = \"../relay\""),
            "../relay",
            "process[1].name",
            &["is no name"],
        ),
        row(
            "a process whose name has an escape in it",
            ("name = \"relay\"", "name = \"\\u001b[31mred\""),
            "u001b",
            "process[1].name",
            &["\"\\u{1b}[31mred\" is no name"],
        ),
        row(
            "no instances",
            ("instances = 1", "instances = 0"),
            "instances = 0",
            "process[0].instances",
            &["is 0: 1 to 16"],
        ),
        row(
            "too many instances",
            ("instances = 1", "instances = 17"),
            "instances = 17",
            "process[0].instances",
            &["is 17: 1 to 16"],
        ),
        row(
            "too many instances in all",
            ("instances = 1", "instances = 16"),
            "[[process]]\nname = \"worker\"",
            "process",
            &["there are 17: 16 at most"],
        ),
        row(
            "instances that are words",
            ("instances = 1", "instances = \"two\""),
            "two",
            "process[0].instances",
            &["string \"two\"", "a whole number"],
        ),
    ]
}

fn commands() -> Vec<Row> {
    vec![
        row(
            "an empty command",
            (COMMAND, "command = []"),
            "command = []",
            "process[1].command",
            &["is empty", "[\"python3\", \"worker.py\"]"],
        ),
        row(
            "a command without a program",
            (COMMAND, "command = [\"\"]"),
            "command = [\"\"]",
            "process[1].command",
            &["is empty"],
        ),
        row(
            "a command that is a string",
            (COMMAND, "command = \"./worker --fast\""),
            "--fast",
            "process[1].command",
            &["string \"./worker --fast\"", "a list"],
        ),
        row(
            "a command line in one string",
            (COMMAND, "command = [\"python3 worker.py\"]"),
            "python3 worker.py",
            "process[1].command[0]",
            &["no program", "[\"python3\", \"worker.py\"]"],
        ),
        row(
            "a program that is not built",
            (COMMAND, "command = [\"./target/worker\"]"),
            "./target",
            "process[1].command[0]",
            &["there is no program", "is it built?"],
        ),
        row(
            "a program that is a folder",
            (COMMAND, "command = [\"./folder\"]"),
            "./folder",
            "process[1].command[0]",
            &["is a folder"],
        ),
        row(
            "a program that may not be run",
            (COMMAND, "command = [\"./notes.txt\"]"),
            "notes.txt",
            "process[1].command[0]",
            &["may not be run", "chmod +x"],
        ),
        row(
            "a program that is not on the path",
            (COMMAND, "command = [\"no-such-program\"]"),
            "no-such-program",
            "process[1].command[0]",
            &["no program", "PATH"],
        ),
        row(
            "an argument with a NUL",
            (COMMAND, "command = [\"./worker\", \"a\\u0000b\"]"),
            "u0000",
            "process[1].command[1]",
            &["NUL"],
        ),
        row(
            "an argument that is a number",
            (COMMAND, "command = [\"./worker\", 7]"),
            ", 7",
            "process[1].command[1]",
            &["integer `7`", "string"],
        ),
        row(
            "a placeholder that is misspelt",
            ("{k.group}", "{k.grup}"),
            "{k.grup}",
            "process[0].command[2]",
            &["nothing is called {k.grup}", "did you mean \"k.group\"?"],
        ),
        row(
            "a placeholder of no system",
            ("{k.group}", "{kafka.group}"),
            "kafka.group",
            "process[0].command[2]",
            &[
                "nothing is called {kafka.group}",
                "did you mean \"k.group\"?",
            ],
        ),
        row(
            "a topic that no system has",
            ("{k.group}", "{k.topic.oders}"),
            "oders",
            "process[0].command[2]",
            &["did you mean \"k.topic.orders\"?"],
        ),
        row(
            "a folder that is not there",
            (COMMAND, "command = [\"./worker\"]\ndir = \"nowhere\""),
            "nowhere",
            "process[1].dir",
            &["there is no folder", "nowhere"],
        ),
        row(
            "a folder that is a file",
            (COMMAND, "command = [\"./worker\"]\ndir = \"notes.txt\""),
            "notes.txt",
            "process[1].dir",
            &["there is no folder"],
        ),
    ]
}

fn environments() -> Vec<Row> {
    vec![
        row(
            "an unknown placeholder in a variable",
            (DATABASE, "DATABASE_URL = \"{pg.ulr}\""),
            "pg.ulr",
            "process[0].env.DATABASE_URL",
            &["nothing is called {pg.ulr}", "did you mean \"pg.url\"?"],
        ),
        row(
            "a placeholder of a message in a variable",
            (
                DATABASE,
                "DATABASE_URL = \"{pg.url}\"\nTOPIC = \"{k.topic}\"",
            ),
            "TOPIC",
            "process[0].env.TOPIC",
            &["nothing is called {k.topic}", "did you mean"],
        ),
        row(
            "a variable that is a number",
            (DATABASE, "DATABASE_URL = \"{pg.url}\"\nWORKERS = 4"),
            "WORKERS",
            "process[0].env.WORKERS",
            &["integer `4`", "string"],
        ),
        row(
            "a variable with a NUL",
            (DATABASE, "DATABASE_URL = \"{pg.url}\"\nX = \"a\\u0000\""),
            "u0000",
            "process[0].env.X",
            &["NUL"],
        ),
        row(
            "a variable whose name has an equals sign",
            (DATABASE, "DATABASE_URL = \"{pg.url}\"\n\"A=B\" = \"x\""),
            "A=B",
            "process[0].env.\"A=B\"",
            &["no name of a variable"],
        ),
        row(
            "a variable without a name",
            (DATABASE, "DATABASE_URL = \"{pg.url}\"\n\"\" = \"x\""),
            "\"\" =",
            "process[0].env.\"\"",
            &["no name of a variable"],
        ),
        row(
            "the harness's own variable",
            (DATABASE, "DATABASE_URL = \"{pg.url}\"\nEXACTLY_RUN = \"x\""),
            "EXACTLY_RUN",
            "process[0].env.EXACTLY_RUN",
            &["belongs to exactly"],
        ),
    ]
}

fn ready() -> Vec<Row> {
    vec![
        row(
            "two signs of readiness",
            (
                READY,
                "ready = { log = \"x\", tcp = \"127.0.0.1:{port.http}\" }",
            ),
            "port.http",
            "process[0].ready",
            &["several signs", "keep one"],
        ),
        row(
            "a sign that is no line",
            (READY, "ready = { log = \"\" }"),
            "log = \"\"",
            "process[0].ready.log",
            &["is no part of a line"],
        ),
        row(
            "a sign of two lines",
            (READY, "ready = { log = \"a\\nb\" }"),
            "a\\nb",
            "process[0].ready.log",
            &["is no part of a line"],
        ),
        row(
            "a port without a host",
            (READY, "ready = { tcp = \"8080\" }"),
            "8080",
            "process[0].ready.tcp",
            &["is no address", "host:port"],
        ),
        row(
            "a host without a port",
            (READY, "ready = { tcp = \"localhost:\" }"),
            "localhost:",
            "process[0].ready.tcp",
            &["is no address", "host:port"],
        ),
        row(
            "a port out of range",
            (READY, "ready = { tcp = \"localhost:80800\" }"),
            "80800",
            "process[0].ready.tcp",
            &["is no address"],
        ),
        row(
            "readiness by TLS",
            (
                READY,
                "ready = { http = \"https://localhost:8080/health\" }",
            ),
            "https",
            "process[0].ready.http",
            &["is no URL", "without TLS"],
        ),
        row(
            "readiness by a URL without a host",
            (READY, "ready = { http = \"http:///health\" }"),
            "http:///",
            "process[0].ready.http",
            &["is no URL"],
        ),
        row(
            "an unknown placeholder in a URL",
            (READY, "ready = { http = \"http://{k.adress}/\" }"),
            "k.adress",
            "process[0].ready.http",
            &["did you mean \"k.address\"?"],
        ),
        row(
            "readiness that is a string",
            (READY, "ready = \"started\""),
            "ready = ",
            "process[0].ready",
            &["string \"started\"", "a table"],
        ),
        row(
            "a first exchange that is not waited for",
            (READY, "ready = { first_exchange = false }"),
            "first_exchange",
            "process[0].ready.first_exchange",
            &["is false: leave it out"],
        ),
        row(
            "a bad time to be ready",
            (READY, "ready = { log = \"x\", within = \"20\" }"),
            "within = \"20\"",
            "process[0].ready.within",
            &["is no time"],
        ),
    ]
}

fn rest() -> Vec<Row> {
    vec![
        row(
            "a signal that cannot be sent",
            ("signal = \"TERM\"", "signal = \"KILL\""),
            "KILL",
            "process[0].stop.signal",
            &["`KILL`", "`TERM`"],
        ),
        row(
            "a signal by its long name",
            ("signal = \"TERM\"", "signal = \"SIGTERM\""),
            "SIGTERM",
            "process[0].stop.signal",
            &["did you mean \"TERM\"?"],
        ),
        row(
            "a grace that is a number",
            ("grace = \"4s\"", "grace = 4"),
            "grace = 4",
            "process[0].stop.grace",
            &["a time in quotes"],
        ),
        row(
            "restarts without end",
            ("max = 3", "max = 1000000"),
            "max = 1000000",
            "process[0].restart.max",
            &["is 1000000: 1000 at most"],
        ),
        row(
            "local state that is true",
            ("local_state = []", "local_state = true"),
            "local_state = true",
            "process[0].local_state",
            &["boolean `true`", "a list"],
        ),
        row(
            "local state without a name",
            ("local_state = []", "local_state = [\"\"]"),
            "[\"\"]",
            "process[0].local_state[0]",
            &["is empty"],
        ),
    ]
}
