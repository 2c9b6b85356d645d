//! The label of each statement in a string of SQL.

use super::reads::{first_dml, main_verb, reads_only};
use super::tokens::{Token, Tokens};
use crate::boundary::ids::{Finder, Ids};
use exactly_model::Class;

/// Bytes of a string of SQL that are looked at. What lies beyond is unknown,
/// so that the string counts as an effect.
const SQL_MAX: usize = 1 << 20;
/// Tokens of one statement that are kept for its label.
const TOKENS_MAX: usize = 8192;
/// Statements of one string that are kept apart.
const STATEMENTS_MAX: usize = 256;
/// Longest operation or target.
const NAME_MAX: usize = 63;

/// What a statement does to the transaction it stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Moves {
    /// Nothing.
    #[default]
    Nothing,
    /// Opens one.
    Begin,
    /// Makes it permanent, or hands it over (PREPARE TRANSACTION).
    Commit,
    /// Undoes it.
    Rollback,
}

/// Verb, table and class of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Label {
    pub(crate) operation: String,
    pub(crate) target: String,
    pub(crate) class: Class,
    pub(crate) moves: Moves,
}

impl Label {
    fn new(operation: &str, class: Class) -> Self {
        Self {
            operation: operation.into(),
            target: String::new(),
            class,
            moves: Moves::Nothing,
        }
    }

    fn on(mut self, target: Option<String>) -> Self {
        self.target = target.unwrap_or_default();
        self
    }

    fn moving(mut self, moves: Moves) -> Self {
        self.moves = moves;
        self
    }

    /// What cannot be known may change something.
    pub(crate) fn unknown() -> Self {
        Self::new("?", Class::Effect)
    }
}

/// A statement: its label, and the ids among its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Statement {
    pub(crate) label: Label,
    pub(crate) ids: Ids,
}

/// The statements of `sql`, in order; empty ones left out.
pub(crate) fn script(sql: &[u8], finder: Finder) -> Vec<Statement> {
    let looked_at = &sql[..sql.len().min(SQL_MAX)];
    let cut = looked_at.len() < sql.len();
    let mut tokens = Tokens::new(looked_at);
    let mut statements = Vec::new();
    let mut current = Vec::new();
    let mut ids = Ids::default();
    let mut whole = true;
    for token in tokens.by_ref() {
        match token {
            Token::Mark(b';') if statements.len() < STATEMENTS_MAX => {
                finish(&mut statements, &mut current, &mut ids, whole);
                whole = true;
                continue;
            }
            Token::Text(value) | Token::Number(value) => finder.in_text(value, &mut ids),
            _ => {}
        }
        if current.len() < TOKENS_MAX {
            current.push(token);
        } else {
            whole = false;
        }
    }
    let all = whole && !cut && !tokens.torn();
    finish(&mut statements, &mut current, &mut ids, all);
    statements
}

fn finish(
    statements: &mut Vec<Statement>,
    tokens: &mut Vec<Token<'_>>,
    ids: &mut Ids,
    whole: bool,
) {
    let ids = std::mem::take(ids);
    if tokens.is_empty() {
        return;
    }
    let mut label = label(tokens);
    if !whole || statements.len() == STATEMENTS_MAX {
        label.class = Class::Effect;
    }
    statements.push(Statement { label, ids });
    tokens.clear();
}

fn label(tokens: &[Token<'_>]) -> Label {
    let start = tokens
        .iter()
        .position(|t| *t != Token::Mark(b'('))
        .unwrap_or(0);
    let tokens = &tokens[start..];
    let Some(Token::Word(verb)) = tokens.first() else {
        return Label::unknown();
    };
    let verb = upper(verb);
    let second = |word: &str| tokens.get(1).is_some_and(|t| t.is(word));
    match verb.as_str() {
        "BEGIN" | "START" => Label::new("BEGIN", Class::Control).moving(Moves::Begin),
        "COMMIT" | "END" if second("PREPARED") => Label::new("COMMIT PREPARED", Class::Effect),
        "COMMIT" | "END" => Label::new("COMMIT", Class::Effect).moving(Moves::Commit),
        "ROLLBACK" if second("PREPARED") => Label::new("ROLLBACK PREPARED", Class::Effect),
        // Undoes a part of what only COMMIT will make visible.
        "ROLLBACK" if tokens.iter().any(|t| t.is("TO")) => {
            Label::new("ROLLBACK TO", Class::Control)
        }
        "ROLLBACK" | "ABORT" => Label::new("ROLLBACK", Class::Effect).moving(Moves::Rollback),
        "PREPARE" if second("TRANSACTION") => {
            Label::new("PREPARE TRANSACTION", Class::Effect).moving(Moves::Commit)
        }
        "PREPARE" | "SAVEPOINT" | "RELEASE" | "SET" | "RESET" | "SHOW" | "DISCARD"
        | "DEALLOCATE" | "LISTEN" | "UNLISTEN" | "CLOSE" | "LOCK" => {
            Label::new(&verb, Class::Control)
        }
        "SELECT" | "WITH" | "VALUES" | "TABLE" => query(tokens),
        "EXPLAIN" if tokens.iter().any(|t| t.is("ANALYZE") || t.is("ANALYSE")) => {
            Label::new("EXPLAIN", Class::Effect)
        }
        "EXPLAIN" => Label::new("EXPLAIN", Class::Read),
        "DECLARE" => Label::new(
            "DECLARE",
            if reads_only(tokens).is_ok() {
                Class::Read
            } else {
                Class::Effect
            },
        ),
        "CREATE" | "ALTER" | "DROP" => definition(&verb, tokens),
        _ => change(&verb, tokens),
    }
}

/// SELECT and its kin: a read, unless something in it may write.
fn query(tokens: &[Token<'_>]) -> Label {
    let main = main_verb(tokens);
    if let Some(at) = first_dml(tokens, main) {
        let Token::Word(verb) = tokens[at] else {
            return Label::unknown();
        };
        return change(&upper(verb), &tokens[at..]);
    }
    let verb = match tokens[main] {
        Token::Word(verb) => upper(verb),
        _ => "SELECT".into(),
    };
    let from = match verb.as_str() {
        "TABLE" => name_at(tokens, main + 1),
        _ => from_target(&tokens[main..]),
    };
    match reads_only(tokens) {
        Ok(()) => Label::new(&verb, Class::Read).on(from),
        Err(function) => Label::new(&verb, Class::Effect)
            .on(from.or_else(|| function.and_then(|at| name_at(tokens, at)))),
    }
}

/// A statement that changes something; `tokens` begin with its verb.
fn change(verb: &str, tokens: &[Token<'_>]) -> Label {
    let skipped: &[&str] = match verb {
        "INSERT" | "MERGE" => &["INTO", "ONLY"],
        "DELETE" => &["FROM", "ONLY"],
        "UPDATE" | "CALL" | "COPY" | "NOTIFY" | "EXECUTE" => &["ONLY"],
        "TRUNCATE" => &["TABLE", "ONLY"],
        "REFRESH" => &["MATERIALIZED", "VIEW", "CONCURRENTLY"],
        _ => return Label::new(verb, Class::Effect),
    };
    let target = name_at(tokens, skip(tokens, 1, skipped));
    Label::new(verb, Class::Effect).on(target)
}

/// CREATE, ALTER, DROP: the kind of thing belongs to the operation.
fn definition(verb: &str, tokens: &[Token<'_>]) -> Label {
    let kind = skip(
        tokens,
        1,
        &[
            "OR",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "UNIQUE",
            "GLOBAL",
            "LOCAL",
            "RECURSIVE",
            "MATERIALIZED",
            "EVENT",
            "FOREIGN",
        ],
    );
    let Some(Token::Word(word)) = tokens.get(kind) else {
        return Label::new(verb, Class::Effect);
    };
    let name = skip(
        tokens,
        kind + 1,
        &["CONCURRENTLY", "IF", "NOT", "EXISTS", "ONLY"],
    );
    let operation = bounded(format!("{verb} {}", upper(word)));
    Label::new(&operation, Class::Effect).on(name_at(tokens, name))
}

fn skip(tokens: &[Token<'_>], from: usize, words: &[&str]) -> usize {
    let rest = tokens.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .take_while(|token| words.iter().any(|word| token.is(word)))
        .count()
}

/// What the outermost FROM reads; the first inner one when that is a query.
fn from_target(tokens: &[Token<'_>]) -> Option<String> {
    let mut depth = 0_i32;
    let mut wanted = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark(b'(') => depth += 1,
            Token::Mark(b')') => depth -= 1,
            token if token.is("FROM") && depth >= wanted && (wanted > 0 || depth == 0) => {
                let name = skip(tokens, at + 1, &["ONLY", "LATERAL"]);
                if tokens.get(name) == Some(&Token::Mark(b'(')) {
                    wanted = depth + 1;
                } else {
                    return name_at(tokens, name);
                }
            }
            _ => {}
        }
    }
    None
}

/// The last part of the name at `at`: unquoted parts are folded to lower case.
fn name_at(tokens: &[Token<'_>], at: usize) -> Option<String> {
    let mut at = at;
    let mut last = None;
    loop {
        let part = match tokens.get(at)? {
            Token::Word(word) => String::from_utf8_lossy(word).to_ascii_lowercase(),
            Token::Quoted(word) => String::from_utf8_lossy(word).replace("\"\"", "\""),
            _ => break,
        };
        last = Some(bounded(part));
        if tokens.get(at + 1) != Some(&Token::Mark(b'.')) {
            break;
        }
        at += 2;
    }
    last
}

fn upper(word: &[u8]) -> String {
    let word = &word[..word.len().min(NAME_MAX)];
    bounded(String::from_utf8_lossy(word).to_ascii_uppercase())
}

fn bounded(mut name: String) -> String {
    if name.len() > NAME_MAX {
        let end = name.floor_char_boundary(NAME_MAX);
        name.truncate(end);
    }
    name
}
