//! The names of a trial's queues.

use exactly_adapter::TrialNames;
use exactly_model::Queue;

/// Bytes of a queue's name in a label: none is longer ("A queue name can have up to 80
/// characters", SQS API reference, CreateQueue).
const NAME_MAX: usize = 80;

/// What every queue name of one trial begins with. Its dash keeps trial 1 apart
/// from trial 12.
pub(crate) fn prefix(names: TrialNames, tag: &str) -> String {
    format!("x{}-{}{tag}-", names.run, names.trial)
}

/// Logical and physical names of a trial's queues.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub prefix: String,
    queues: Vec<Queue>,
}

impl Names {
    /// `tag` keeps runs apart that share a server and do not know of each other.
    pub fn new(names: TrialNames, tag: &str, queues: &[Queue]) -> Self {
        Self {
            prefix: prefix(names, tag),
            queues: queues.to_vec(),
        }
    }

    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// The queue with this logical name.
    pub fn queue(&self, logical: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == logical)
    }

    /// `x7-12-orders.fifo` of `orders`.
    pub fn physical(&self, queue: &Queue) -> String {
        let suffix = if queue.fifo { ".fifo" } else { "" };
        format!("{}{}{suffix}", self.prefix, queue.name)
    }

    /// `orders` of `x7-12-orders.fifo`, of a URL that ends in it, or of its ARN;
    /// another name as it is.
    pub fn logical<'a>(&self, named: &'a str) -> &'a str {
        let name = named.rsplit(['/', ':']).next().unwrap_or(named);
        let name = name.strip_prefix(&self.prefix).unwrap_or(name);
        name.strip_suffix(".fifo").unwrap_or(name)
    }

    /// Label of a queue in points.
    pub fn target(&self, named: &str) -> String {
        match self.logical(named) {
            "" => String::new(),
            logical => {
                let end = logical.floor_char_boundary(NAME_MAX);
                format!("queue.{}", &logical[..end])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let queue = Queue {
            name: "orders".into(),
            fifo: true,
            ..Queue::default()
        };
        let of = TrialNames { run: 7, trial: 12 };
        let names = Names::new(of, "", std::slice::from_ref(&queue));
        assert_eq!(names.physical(&queue), "x7-12-orders.fifo");
        for named in [
            "x7-12-orders.fifo",
            "http://127.0.0.1:9324/000000000000/x7-12-orders.fifo",
            "arn:aws:sqs:us-east-1:000000000000:x7-12-orders.fifo",
        ] {
            assert_eq!(names.target(named), "queue.orders");
        }
        // Another trial's queue is not this one's.
        assert_eq!(names.logical("x7-1-orders"), "x7-1-orders");
        assert_eq!(names.target(""), "");
        // Somebody's URL of megabytes makes no label of megabytes.
        assert_eq!(names.target(&"é".repeat(9_000)).len(), "queue.".len() + 80);
    }
}
