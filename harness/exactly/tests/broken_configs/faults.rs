//! Faults, expectations, hooks and limits.

use crate::support::{Row, row};

const PLAN: &str = "plan = \"every-boundary\"";
const KINDS: &str = "kinds = [\"kill\", \"drop-reply\"]";
const TIMERS: &str = "timers = [\"k OffsetCommit\"]";
const FORBID: &str = "forbid = [\"O1\"]";
const ALLOW: &str = "allow = [{ code = \"D2\", reason = \"the report is rebuilt each night\" }]";
const HOOK: &str = "before_trial = [\"./worker\", \"--clean\"]";

pub fn rows() -> Vec<Row> {
    [plans(), expectations(), hooks_and_limits()].concat()
}

fn plans() -> Vec<Row> {
    vec![
        row(
            "an unknown plan",
            (PLAN, "plan = \"every-bondary\""),
            "bondary",
            "faults.plan",
            &["did you mean \"every-boundary\"?"],
        ),
        row(
            "a plan that is a list",
            (PLAN, "plan = [\"pairs\"]"),
            "plan = ",
            "faults.plan",
            &["invalid type", "\"every-boundary\""],
        ),
        row(
            "a plan by a file that is not there",
            (PLAN, "plan = { file = \"schedule.json\" }"),
            "schedule.json",
            "faults.plan.file",
            &["there is no file", "schedule.json"],
        ),
        row(
            "a plan by a folder",
            (PLAN, "plan = { file = \"folder\" }"),
            "\"folder\"",
            "faults.plan.file",
            &["there is no file"],
        ),
        row(
            "a plan by an unknown key",
            (PLAN, "plan = { path = \"broken.json\" }"),
            "path = ",
            "faults.plan.path",
            &["unknown key", "`file`"],
        ),
        row(
            "pairs of another plan",
            (PLAN, "plan = \"random\"\npairs_max = 5"),
            "pairs_max",
            "faults.pairs_max",
            &["belongs to plan = \"pairs\""],
        ),
        row(
            "drawn trials of another plan",
            (PLAN, "plan = \"pairs\"\ntrials = 50"),
            "trials = 50",
            "faults.trials",
            &["belongs to plan = \"random\""],
        ),
        row(
            "drawn faults of another plan",
            (PLAN, "plan = \"every-boundary\"\nfaults_max = 3"),
            "faults_max",
            "faults.faults_max",
            &["belongs to plan = \"random\""],
        ),
        row(
            "no drawn trials",
            (PLAN, "plan = \"random\"\ntrials = 0"),
            "trials = 0",
            "faults.trials",
            &["is 0: 1 to 500000"],
        ),
        row(
            "too many faults at once",
            (PLAN, "plan = \"random\"\nfaults_max = 100"),
            "faults_max",
            "faults.faults_max",
            &["is 100: 1 to 8"],
        ),
        row(
            "no pairs",
            (PLAN, "plan = \"pairs\"\npairs_max = 0"),
            "pairs_max",
            "faults.pairs_max",
            &["is 0: 1 to 100000"],
        ),
        row(
            "kinds for one schedule",
            (PLAN, "plan = { file = \"broken.json\" }"),
            "kinds = ",
            "faults.kinds",
            &["the schedule", "leave"],
        ),
        row(
            "a kind of fault that is misspelt",
            (KINDS, "kinds = [\"kil\"]"),
            "\"kil\"",
            "faults.kinds[0]",
            &["`kil`", "did you mean \"kill\"?"],
        ),
        row(
            "a kind of fault that needs a moment",
            (KINDS, "kinds = [\"kill\", \"hold\"]"),
            "\"hold\"",
            "faults.kinds[1]",
            &["can't be planned"],
        ),
        row(
            "a window where nothing forgets",
            (KINDS, "kinds = [\"expire-horizon\"]"),
            "expire-horizon",
            "faults.kinds[0]",
            &["applies nowhere", "SQS"],
        ),
        row(
            "a replay where nothing is put aside",
            (KINDS, "kinds = [\"kill\", \"replay\"]"),
            "\"replay\"",
            "faults.kinds[1]",
            &["applies nowhere", "`dead_letter_queue`"],
        ),
        row(
            "no kinds of fault",
            (KINDS, "kinds = []"),
            "kinds = []",
            "faults.kinds",
            &["is empty", "leave it out"],
        ),
        row(
            "a timer of no system",
            (TIMERS, "timers = [\"x OffsetCommit\"]"),
            "x OffsetCommit",
            "faults.timers[0]",
            &["names no operation"],
        ),
        row(
            "a timer without an operation",
            (TIMERS, "timers = [\"OffsetCommit\"]"),
            "\"OffsetCommit\"",
            "faults.timers[0]",
            &["names no operation", "OffsetCommit"],
        ),
        row(
            "a timer with an empty operation",
            (TIMERS, "timers = [\"k \"]"),
            "\"k \"",
            "faults.timers[0]",
            &["names no operation"],
        ),
        row(
            "a seed below zero",
            ("seed = 1", "seed = -1"),
            "seed = -1",
            "faults.seed",
            &["a whole number"],
        ),
        row(
            "exhaustive by number",
            ("exhaustive = false", "exhaustive = 1"),
            "exhaustive = 1",
            "faults.exhaustive",
            &["boolean"],
        ),
    ]
}

fn expectations() -> Vec<Row> {
    vec![
        row(
            "an unknown guarantee",
            (
                "guarantee = \"exactly-once\"",
                "guarantee = \"exactly_once\"",
            ),
            "exactly_once",
            "expect.guarantee",
            &["did you mean \"exactly-once\"?"],
        ),
        row(
            "no guarantee",
            ("guarantee = \"exactly-once\"\n", ""),
            "[expect]",
            "expect",
            &["says nothing of \"rows\"", "guarantee = "],
        ),
        row(
            "an unknown code that is forbidden",
            (FORBID, "forbid = [\"Z9\"]"),
            "Z9",
            "expect.forbid[0]",
            &["\"Z9\" is no code", "exactly explain"],
        ),
        row(
            "a forbidden code by its name",
            (FORBID, "forbid = [\"reordered\"]"),
            "reordered",
            "expect.forbid[0]",
            &["is no code"],
        ),
        row(
            "an unknown code that is allowed",
            (ALLOW, "allow = [{ code = \"D22\", reason = \"x\" }]"),
            "D22",
            "expect.allow[0].code",
            &["did you mean \"D2\"?"],
        ),
        row(
            "an empty reason",
            (ALLOW, "allow = [{ code = \"D2\", reason = \" \" }]"),
            "reason = ",
            "expect.allow[0].reason",
            &["is empty", "why"],
        ),
        row(
            "a code that is allowed without a table",
            (ALLOW, "allow = [\"D2\"]"),
            "\"D2\"",
            "expect.allow[0]",
            &["string \"D2\"", "a table"],
        ),
        row(
            "a code that is forbidden and allowed",
            (ALLOW, "allow = [{ code = \"O1\", reason = \"x\" }]"),
            "code = \"O1\"",
            "expect.allow[0].code",
            &["forbid", "keep one"],
        ),
        row(
            "what is expected of a sink that is not there",
            ("[expect.records]", "[expect.record]"),
            "[expect.record]",
            "expect.record",
            &["no sink is called \"record\"", "did you mean \"records\"?"],
        ),
        row(
            "a key of expect that is misspelt",
            (
                "guarantee = \"exactly-once\"",
                "guarante = \"exactly-once\"",
            ),
            "guarante =",
            "expect.guarante",
            &["did you mean \"guarantee\"?"],
        ),
        row(
            "an unknown guarantee of one sink",
            (
                "guarantee = \"at-least-once\"",
                "guarantee = \"at-last-once\"",
            ),
            "at-last-once",
            "expect.records.guarantee",
            &["did you mean \"at-least-once\"?"],
        ),
        row(
            "an unknown code of one sink",
            ("guarantee = \"at-least-once\"", "forbid = [\"D9\"]"),
            "D9",
            "expect.records.forbid[0]",
            &["did you mean \"D1\"?"],
        ),
    ]
}

fn hooks_and_limits() -> Vec<Row> {
    vec![
        row(
            "a hook that is empty",
            (HOOK, "before_trial = []"),
            "before_trial",
            "hooks.before_trial",
            &["is empty"],
        ),
        row(
            "a hook that is not there",
            (HOOK, "before_trial = [\"./clean\"]"),
            "./clean",
            "hooks.before_trial[0]",
            &["there is no program"],
        ),
        row(
            "a hook that is a string",
            (HOOK, "before_trial = \"./clean\""),
            "./clean",
            "hooks.before_trial",
            &["a list"],
        ),
        row(
            "a hook with an unknown placeholder",
            (HOOK, "after_trial = [\"./worker\", \"{pg.ulr}\"]"),
            "pg.ulr",
            "hooks.after_trial[1]",
            &["did you mean \"pg.url\"?"],
        ),
        row(
            "a port of no process",
            (HOOK, "before_trial = [\"./worker\", \"{port.http}\"]"),
            "{port.http}",
            "hooks.before_trial[1]",
            &["{port.http}", "each process has ports of its own"],
        ),
        row(
            "a limit of no hook",
            (HOOK, ""),
            "within = \"11s\"",
            "hooks.within",
            &["belongs to"],
        ),
        row(
            "a trial without end",
            ("trial = \"60s\"", "trial = \"forever\""),
            "forever",
            "limits.trial",
            &["is no time"],
        ),
        row(
            "a quiet window longer than a trial",
            ("quiet = \"300ms\"", "quiet = \"2m\""),
            "quiet",
            "limits.quiet",
            &["no trial could come to rest"],
        ),
        row(
            "stuck later than the end of a trial",
            ("stuck = \"30s\"", "stuck = \"2m\""),
            "stuck",
            "limits.stuck",
            &["a trial"],
        ),
        row(
            "a run shorter than a trial",
            ("run = \"10m\"", "run = \"0m\""),
            "run = ",
            "limits.run",
            &["is no time"],
        ),
        row(
            "output without end",
            ("output_bytes = 65536", "output_bytes = 9999999999"),
            "output_bytes",
            "limits.output_bytes",
            &["1 GiB"],
        ),
        row(
            "output with a unit",
            ("output_bytes = 65536", "output_bytes = \"64k\""),
            "64k",
            "limits.output_bytes",
            &["string \"64k\""],
        ),
    ]
}
