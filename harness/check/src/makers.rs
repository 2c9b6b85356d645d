//! Which incarnation made which effect, as far as the exchanges tell.

use exactly_model::{Class, ExchangeRecord, Fate, Outcome, TrialHistory, View};
use std::collections::BTreeMap;

/// Operation labels of requests that take back what their unit has done. To a
/// reader of committed data such a unit makes nothing.
const UNDOES: [&str; 2] = ["EndTxn abort", "ROLLBACK"];

/// An incarnation, and the last effect exchange of it that carried a message. In
/// a transaction that is the COMMIT, so a transaction that was cut off makes
/// nothing.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) process: &'a str,
    pub(crate) incarnation: u32,
    pub(crate) last: &'a ExchangeRecord,
    /// Exchanges of the same operation that carried the message and were applied.
    /// Above one the incarnation may have made several effects.
    pub(crate) times: u32,
}

/// Effect exchanges by the messages that they carry.
pub(crate) struct Makers<'a> {
    history: &'a TrialHistory,
    /// Message and index of the exchange, ascending; built when somebody asks.
    carriers: Option<Vec<(u32, usize)>>,
}

impl<'a> Makers<'a> {
    pub(crate) fn of(history: &'a TrialHistory) -> Self {
        Self {
            history,
            carriers: None,
        }
    }

    fn carriers(&mut self) -> &[(u32, usize)] {
        let exchanges = &self.history.exchanges;
        self.carriers.get_or_insert_with(|| {
            let effects = exchanges.iter().enumerate();
            let mut carriers: Vec<(u32, usize)> = effects
                .filter(|(_, exchange)| exchange.class == Class::Effect)
                .flat_map(|(index, exchange)| exchange.point.ids.iter().map(move |id| (*id, index)))
                .collect();
            carriers.sort_unstable();
            carriers
        })
    }

    /// Whether effect exchanges come from several incarnations of one process.
    pub(crate) fn were_replaced(&self) -> bool {
        let effects = self.history.exchanges.iter();
        let mut senders: BTreeMap<&str, u32> = BTreeMap::new();
        effects
            .filter(|exchange| exchange.class == Class::Effect)
            .any(|exchange| {
                let sender = senders.entry(&exchange.point.process);
                *sender.or_insert(exchange.incarnation) != exchange.incarnation
            })
    }

    /// The messages that some effect exchange carries, ascending.
    pub(crate) fn carried(&mut self) -> Vec<u32> {
        let mut carried: Vec<u32> = self.carriers().iter().map(|(id, _)| *id).collect();
        carried.dedup();
        carried
    }

    /// The incarnations that may have made an effect of message `sequence` on
    /// `system`, in the order in which they first carried it, whatever became of
    /// their last exchange. Where the system is not known and several carried
    /// the message, nobody can tell: none.
    pub(crate) fn on(&mut self, system: Option<&str>, sequence: u32) -> Vec<Maker<'a>> {
        let exchanges = &self.history.exchanges;
        let carriers = self.carriers();
        let from = carriers.partition_point(|(id, _)| *id < sequence);
        let of_message = carriers[from..]
            .iter()
            .take_while(|(id, _)| *id == sequence);
        let carriers: Vec<&ExchangeRecord> = of_message
            .map(|(_, index)| &exchanges[*index])
            .filter(|exchange| system.is_none_or(|name| name == exchange.point.system))
            .collect();
        let systems = carriers.iter().map(|exchange| &exchange.point.system);
        if systems
            .clone()
            .any(|name| Some(name) != systems.clone().next())
        {
            return Vec::new();
        }
        let mut makers: Vec<Maker<'a>> = Vec::new();
        for exchange in &carriers {
            let (process, incarnation) = (exchange.point.process.as_str(), exchange.incarnation);
            let mut known = makers.iter_mut();
            match known.find(|maker| (maker.process, maker.incarnation) == (process, incarnation)) {
                Some(maker) => maker.last = exchange,
                None => makers.push(Maker {
                    process,
                    incarnation,
                    last: exchange,
                    times: 0,
                }),
            }
        }
        for maker in &mut makers {
            let alike = carriers.iter().filter(|exchange| {
                exchange.point.process == maker.process
                    && exchange.incarnation == maker.incarnation
                    && exchange.point.operation == maker.last.point.operation
                    && applied(exchange)
            });
            maker.times = u32::try_from(alike.count()).unwrap_or(u32::MAX);
        }
        makers
    }
}

impl Maker<'_> {
    /// Whether its last exchange was certainly applied, as a reader with `view`
    /// sees it.
    pub(crate) fn made(&self, view: View) -> bool {
        let undone = view == View::ReadCommitted && undoes(self.last);
        applied(self.last) && !undone
    }

    /// Whether that was while its sender lived.
    pub(crate) fn alive(&self) -> bool {
        matches!(self.last.fate, Fate::Answered | Fate::Applied)
    }
}

/// Whether the exchange was certainly applied.
fn applied(exchange: &ExchangeRecord) -> bool {
    exchange.outcome == Outcome::Ok && reached(exchange.fate)
}

/// Whether the exchange takes back what its unit has done.
pub(crate) fn undoes(exchange: &ExchangeRecord) -> bool {
    UNDOES.contains(&exchange.point.operation.as_str())
}

/// Whether the request got to the system.
pub(crate) fn reached(fate: Fate) -> bool {
    match fate {
        Fate::Answered | Fate::Applied | Fate::Late | Fate::Unanswered => true,
        Fate::Dropped => false,
    }
}
