//! Prepared statements and portals, by name.

use super::ids::Ids;
use super::sql::{Label, Statement};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names remembered of each kind. What was prepared beyond it is executed as
/// an unknown effect.
const NAMES_MAX: usize = 10_000;
/// Longest name remembered (Postgres itself cuts names at 63 bytes).
const NAME_MAX: usize = 255;

/// What a name stands for, bounded.
#[derive(Debug)]
struct Named<T>(BTreeMap<Box<[u8]>, T>);

impl<T> Named<T> {
    fn set(&mut self, name: &[u8], value: T) {
        if let Some(known) = self.0.get_mut(name) {
            *known = value;
        } else if self.0.len() < NAMES_MAX && name.len() <= NAME_MAX {
            self.0.insert(name.into(), value);
        }
    }
}

/// A bound portal: its statement, and the ids in its parameters.
#[derive(Clone, Debug)]
pub(super) struct Portal {
    pub(super) statements: Arc<[Statement]>,
    pub(super) ids: Ids,
}

/// Statements and portals of a connection.
#[derive(Debug)]
pub(super) struct Names {
    statements: Named<Arc<[Statement]>>,
    portals: Named<Portal>,
    unknown: Arc<[Statement]>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            statements: Named(BTreeMap::new()),
            portals: Named(BTreeMap::new()),
            unknown: Arc::new([Statement {
                label: Label::unknown(),
                ids: Ids::default(),
            }]),
        }
    }
}

impl Names {
    /// Parse.
    pub(super) fn prepare(&mut self, name: &[u8], statements: Vec<Statement>) {
        self.statements.set(name, statements.into());
    }

    /// Bind.
    pub(super) fn bind(&mut self, portal: &[u8], statement: &[u8], ids: Ids) {
        let statements = self
            .statements
            .0
            .get(statement)
            .unwrap_or(&self.unknown)
            .clone();
        self.portals.set(portal, Portal { statements, ids });
    }

    /// Execute.
    pub(super) fn portal(&self, name: &[u8]) -> Portal {
        self.portals.0.get(name).cloned().unwrap_or_else(|| Portal {
            statements: self.unknown.clone(),
            ids: Ids::default(),
        })
    }

    /// Close.
    pub(super) fn close(&mut self, kind: u8, name: &[u8]) {
        match kind {
            b'S' => drop(self.statements.0.remove(name)),
            _ => drop(self.portals.0.remove(name)),
        }
    }

    /// Portals end with their transaction.
    pub(super) fn end_transaction(&mut self) {
        self.portals.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let mut names = Names::default();
        for n in 0..NAMES_MAX + 5 {
            names.prepare(format!("s{n}").as_bytes(), Vec::new());
        }
        assert_eq!(names.statements.0.len(), NAMES_MAX);
        names.prepare(&[b'x'; 1 << 20], Vec::new());
        assert_eq!(names.statements.0.len(), NAMES_MAX);
        names.bind(
            b"",
            format!("s{}", NAMES_MAX + 1).as_bytes(),
            Ids::default(),
        );
        assert_eq!(names.portal(b"").statements[0].label, Label::unknown());
        names.close(b'S', b"s0");
        names.prepare(b"s-new", Vec::new());
        assert_eq!(names.statements.0.len(), NAMES_MAX);
    }
}
