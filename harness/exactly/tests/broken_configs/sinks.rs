//! Where effects are read.

use crate::support::{Row, row};

const QUERY: &str = "query = \"select id, customer as key, n as seq from orders\"";
const OF_ROWS: &str =
    "system = \"pg\"\nquery = \"select id, customer as key, n as seq from orders\"";
const OF_RECORDS: &str = "system = \"k\"\ntopic = \"accepted\"\nview = \"read_committed\"";

pub fn rows() -> Vec<Row> {
    vec![
        row(
            "two observers of one name",
            ("name = \"records\"", "name = \"rows\""),
            "name = \"rows\"\nsystem = \"k\"",
            "observe[1].name",
            &["\"rows\" is there twice"],
        ),
        row(
            "an observer whose name has a quote",
            ("name = \"rows\"", "name = \"a'b\""),
            "a'b",
            "observe[0].name",
            &["\"a'b\" is no name"],
        ),
        row(
            "an observer whose name is SQL",
            ("name = \"rows\"", "name = 'x\"; drop table orders; --'"),
            "drop table",
            "observe[0].name",
            &["is no name", "begin with a letter"],
        ),
        row(
            "an observer whose name is a key",
            ("name = \"rows\"", "name = \"allow\""),
            "\"allow\"",
            "observe[0].name",
            &["is a key of [expect]"],
        ),
        row(
            "an observer of no system",
            (OF_ROWS, QUERY),
            "[[observe]]\nname = \"rows\"",
            "observe[0]",
            &["has a `query` and no `system`", "system = \"pg\""],
        ),
        row(
            "an observer of a system that is not there",
            (OF_ROWS, "system = \"gp\"\nquery = \"select id from t\""),
            "\"gp\"",
            "observe[0].system",
            &["no system is called \"gp\"", "did you mean \"pg\"?"],
        ),
        row(
            "a query to a broker",
            (OF_ROWS, "system = \"k\"\nquery = \"select id from t\""),
            "query = ",
            "observe[0].query",
            &["belongs to a system of kind \"postgres\""],
        ),
        row(
            "a topic of a database that is read",
            (OF_RECORDS, "system = \"pg\"\ntopic = \"accepted\""),
            "topic = ",
            "observe[1].topic",
            &["belongs to a system of kind \"kafka\""],
        ),
        row(
            "a topic that is not there to be read",
            (OF_RECORDS, "system = \"k\"\ntopic = \"acepted\""),
            "acepted",
            "observe[1].topic",
            &["did you mean \"accepted\"?"],
        ),
        row(
            "nothing to read",
            (OF_ROWS, "system = \"pg\""),
            "[[observe]]\nname = \"rows\"",
            "observe[0]",
            &["says not clearly what is read", "`query`"],
        ),
        row(
            "a query and a topic",
            (
                OF_ROWS,
                "system = \"pg\"\nquery = \"select id from t\"\ntopic = \"x\"",
            ),
            "[[observe]]\nname = \"rows\"",
            "observe[0]",
            &["says not clearly what is read"],
        ),
        row(
            "an empty query",
            (QUERY, "query = \"  \""),
            "query = \"  \"",
            "observe[0].query",
            &["is empty", "id"],
        ),
        row(
            "a query without an id",
            (QUERY, "query = \"select order_id from orders\""),
            "order_id",
            "observe[0].query",
            &["no column id", "as id"],
        ),
        row(
            "a query that changes what it reads",
            (QUERY, "query = \"delete from orders returning id\""),
            "delete",
            "observe[0].query",
            &["select"],
        ),
        row(
            "a query that is two",
            (
                QUERY,
                "query = \"select id from orders; drop table orders\"",
            ),
            "drop table",
            "observe[0].query",
            &["one statement"],
        ),
        row(
            "a query with a NUL",
            (QUERY, "query = \"select id from orders\\u0000\""),
            "u0000",
            "observe[0].query",
            &["NUL"],
        ),
        row(
            "a query with a placeholder",
            (QUERY, "query = \"select id from orders where x = {id}\""),
            "where x",
            "observe[0].query",
            &["{id}", "as it stands"],
        ),
        row(
            "no effects of a message",
            ("effects_per_message = 1", "effects_per_message = 0"),
            "effects_per_message",
            "observe[0].effects_per_message",
            &["is 0: 1 to 10000"],
        ),
        row(
            "an unknown view",
            ("view = \"read_committed\"", "view = \"read_comitted\""),
            "comitted",
            "observe[1].view",
            &["did you mean \"read_committed\"?"],
        ),
        row(
            "a view of a table",
            (
                QUERY,
                "query = \"select id from t\"\nview = \"read_uncommitted\"",
            ),
            "uncommitted",
            "observe[0].view",
            &["belongs to a `topic`"],
        ),
        row(
            "a system of a command",
            (OF_ROWS, "system = \"pg\"\ncommand = [\"./worker\"]"),
            "system = \"pg\"",
            "observe[0].system",
            &["a command or a file needs none"],
        ),
        row(
            "a command that reads and is not there",
            (OF_ROWS, "command = [\"./audit\"]"),
            "audit",
            "observe[0].command[0]",
            &["there is no program"],
        ),
        row(
            "a limit of no command that reads",
            (QUERY, "query = \"select id from t\"\nwithin = \"7s\""),
            "within = \"7s\"",
            "observe[0].within",
            &["belongs to a `command`"],
        ),
        row(
            "a file with an unknown placeholder",
            (OF_ROWS, "file = \"out-{k.grup}.ndjson\""),
            "k.grup",
            "observe[0].file",
            &["did you mean \"k.group\"?"],
        ),
        row(
            "a file without a name",
            (OF_ROWS, "file = \"\""),
            "file = \"\"",
            "observe[0].file",
            &["is empty"],
        ),
        row(
            "a file that is a folder",
            (OF_ROWS, "file = \"folder\""),
            "file = \"folder\"",
            "observe[0].file",
            &["is a folder"],
        ),
        row(
            "an observer that is a table",
            (
                "[[observe]]\nname = \"records\"\nsystem = \"k\"\ntopic = \"accepted\"\nview = \"read_committed\"",
                "[observe.x]\nname = \"x\"",
            ),
            "[observe.x]",
            "",
            &["observe"],
        ),
    ]
}
