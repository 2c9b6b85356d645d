//! What an error of the server says of the request that it answers.
//!
//! Redis runs one command at a time, and either refuses it or runs it to its end
//! (documentation, "Redis serialization protocol specification", Simple errors: the
//! first word tells the kind). Scripts are the exception: what a script had written
//! before it failed stays written ("Scripting with Lua", Script replication).

use exactly_adapter::Judged;
use exactly_model::Outcome;

const fn fail(because: &'static str) -> Judged {
    Judged {
        outcome: Outcome::Fail,
        because,
    }
}

const fn unknown(because: &'static str) -> Judged {
    Judged {
        outcome: Outcome::Unknown,
        because,
    }
}

/// The rule for an error in answer to `operation`; `error` is its text.
pub(crate) fn judge(operation: &str, error: &str) -> Judged {
    let word = error.split(' ').next().unwrap_or_default();
    if let Some(refused) = refused(word) {
        return refused;
    }
    if runs_code(operation) {
        return unknown(
            "a script or function failed: what it had written before stays (Scripting with Lua)",
        );
    }
    ran(word).unwrap_or(unknown(
        "an error word that Redis itself does not use: a module's, or a proxy's",
    ))
}

/// Whether code of the user's runs in the server: it may fail in its middle, with an
/// error of any word.
fn runs_code(operation: &str) -> bool {
    operation.starts_with("EVAL") || operation.starts_with("FCALL")
}

/// Errors that are given before a command is run (`processCommand` in `server.c`).
fn refused(word: &str) -> Option<Judged> {
    Some(match word {
        "LOADING" => {
            fail("LOADING: the data set is being read, commands are refused (INFO, loading)")
        }
        "BUSY" => fail("BUSY: a script runs, other commands are refused (Scripting with Lua)"),
        "MASTERDOWN" => {
            fail("MASTERDOWN: a replica without its master refuses commands (Replication)")
        }
        "READONLY" => fail("READONLY: a replica refuses writes (Replication, Read-only replica)"),
        "NOAUTH" | "WRONGPASS" => fail("NOAUTH/WRONGPASS: not logged in, nothing was run (AUTH)"),
        "NOPERM" => fail("NOPERM: the user may not run it, nothing was run (ACL)"),
        "NOREPLICAS" => fail("NOREPLICAS: too few replicas, the write was refused (Replication)"),
        "MISCONF" => fail(
            "MISCONF: a snapshot failed, writes are refused (redis.conf, stop-writes-on-bgsave-error)",
        ),
        "MOVED" | "ASK" => {
            fail("MOVED/ASK: the slot is another node's, nothing was run (Cluster specification)")
        }
        "TRYAGAIN" => fail("TRYAGAIN: the slot is moving, nothing was run (Cluster specification)"),
        "CLUSTERDOWN" => {
            fail("CLUSTERDOWN: the cluster is down, nothing was run (Cluster specification)")
        }
        "CROSSSLOT" => {
            fail("CROSSSLOT: keys of several slots, nothing was run (Cluster specification)")
        }
        "EXECABORT" => fail(
            "EXECABORT: the transaction was discarded (Transactions, Errors inside a transaction)",
        ),
        "NOSCRIPT" => {
            fail("NOSCRIPT: the server does not have the script, nothing was run (EVALSHA)")
        }
        "DENIED" => fail("DENIED: protected mode, the connection was refused (Security)"),
        _ => return None,
    })
}

/// Errors of the command itself: it looked first, and changed nothing.
fn ran(word: &str) -> Option<Judged> {
    Some(match word {
        "ERR" => fail("ERR: the command was refused (RESP, Simple errors)"),
        "OOM" => {
            fail("OOM: the command needs memory beyond maxmemory and was refused (Key eviction)")
        }
        "WRONGTYPE" => {
            fail("WRONGTYPE: the key holds another type, nothing was changed (RESP, Simple errors)")
        }
        "BUSYGROUP" => fail("BUSYGROUP: the group exists already (XGROUP CREATE)"),
        "NOGROUP" => fail("NOGROUP: there is no such group or stream (XREADGROUP)"),
        "BUSYKEY" => fail("BUSYKEY: the key exists already (RESTORE)"),
        "NOTBUSY" | "UNKILLABLE" => fail("NOTBUSY/UNKILLABLE: nothing was killed (SCRIPT KILL)"),
        "UNBLOCKED" => {
            fail("UNBLOCKED: it stopped waiting before it took anything (CLIENT UNBLOCK)")
        }
        "NOPROTO" => fail("NOPROTO: the version is not spoken here (HELLO)"),
        "INPROG" | "NOGOODSLAVE" | "NOMASTERLINK" => {
            fail("a failover or a copy was refused (FAILOVER, PSYNC)")
        }
        "IOERR" => unknown("IOERR: whether the other server took the keys is not known (MIGRATE)"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::judge;
    use exactly_model::Outcome::{self, Fail, Unknown};

    #[test]
    fn every_rule_of_the_table() {
        let fails = "LOADING BUSY MASTERDOWN READONLY NOAUTH WRONGPASS NOPERM NOREPLICAS MISCONF MOVED \
             ASK TRYAGAIN CLUSTERDOWN CROSSSLOT EXECABORT NOSCRIPT DENIED ERR OOM WRONGTYPE BUSYGROUP \
             NOGROUP BUSYKEY NOTBUSY UNKILLABLE UNBLOCKED NOPROTO INPROG NOGOODSLAVE NOMASTERLINK";
        for word in fails.split(' ') {
            check("SET", word, Fail);
        }
        for word in ["IOERR", "MYERROR", ""] {
            check("SET", word, Unknown);
        }
    }

    #[test]
    fn a_script_may_have_written_before_it_failed() {
        for (operation, word, outcome) in [
            ("EVAL", "ERR", Unknown),
            ("EVALSHA", "WRONGTYPE", Unknown),
            ("FCALL", "OOM", Unknown),
            ("EVALSHA", "NOSCRIPT", Fail),
            ("EVAL", "BUSY", Fail),
            ("EVAL", "READONLY", Fail),
        ] {
            check(operation, word, outcome);
        }
    }

    fn check(operation: &str, word: &str, outcome: Outcome) {
        let judged = judge(operation, &format!("{word} and why"));
        assert_eq!(judged.outcome, outcome, "{operation} {word}");
        assert!(!judged.because.is_empty());
    }
}
