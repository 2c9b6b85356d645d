//! What a place cannot host is not run there.

use exactly_adapter::{Instance, Lack};
use exactly_model::Need;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the systems of a cell lack of what it needs, in words for its record.
pub(super) fn lack(
    instances: &BTreeMap<String, Arc<dyn Instance>>,
    needs: &[Need],
    allow_wait: bool,
) -> Option<Lack> {
    let mut refused = None;
    for need in needs {
        for (name, instance) in instances {
            match instance.lacks(*need) {
                None => {}
                Some(Lack::Waits { .. }) if allow_wait => {}
                Some(Lack::Waits { why, seconds }) => {
                    return Some(Lack::NotHosted(format!(
                        "needs {need}: {why}; --allow-wait waits {seconds} s for it"
                    )));
                }
                // Another place decides it: that is worth more than a reason why
                // this one does not.
                Some(Lack::NotHosted(why)) => {
                    let hint = elsewhere(instance.as_ref(), name);
                    return Some(Lack::NotHosted(format!("needs {need}: {why}{hint}")));
                }
                Some(refusal) => refused = refused.or(Some(refusal)),
            }
        }
    }
    refused
}

/// Whether a system forgets in a trial: by a clock that is moved, or where it may
/// be waited for.
pub(super) fn forgets(instance: &dyn Instance, allow_wait: bool) -> bool {
    match instance.lacks(Need::Horizon) {
        None => true,
        Some(Lack::Waits { .. }) => allow_wait,
        Some(_) => false,
    }
}

fn elsewhere(instance: &dyn Instance, name: &str) -> String {
    let info = instance.info(name);
    match info.emulated {
        true => format!("; run it with --on {}=local", info.kind),
        false => String::new(),
    }
}
