//! Whether a query certainly only reads.
//!
//! *Certainly* is meant: a function that is not on the list below may write,
//! and so the query that calls it is an effect. A built-in of `pg_catalog`
//! cannot be shadowed by an unqualified name unless the search path says so.

use super::tokens::Token;

/// Words that may stand before a parenthesis without being a call.
const NOT_CALLS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASYMMETRIC",
    "BETWEEN",
    "BIT",
    "BPCHAR",
    "BY",
    "CASE",
    "CHAR",
    "CHARACTER",
    "CUBE",
    "DEC",
    "DECIMAL",
    "DISTINCT",
    "ELSE",
    "EXCEPT",
    "EXISTS",
    "FILTER",
    "FLOAT",
    "FROM",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LATERAL",
    "LIKE",
    "LIMIT",
    "MATERIALIZED",
    "NOT",
    "NUMERIC",
    "OFFSET",
    "ON",
    "OR",
    "OVER",
    "ROLLUP",
    "ROW",
    "SELECT",
    "SETS",
    "SIMILAR",
    "SOME",
    "SYMMETRIC",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIMETZ",
    "TO",
    "UNION",
    "USING",
    "VALUES",
    "VARBIT",
    "VARCHAR",
    "VARYING",
    "WHEN",
    "WHERE",
    "WITHIN",
];

/// Built-in functions that change nothing another session could see.
const READERS: &[&str] = &[
    "abs",
    "age",
    "array_agg",
    "array_length",
    "array_lower",
    "array_position",
    "array_to_json",
    "array_to_string",
    "array_upper",
    "avg",
    "bit_and",
    "bit_or",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "cast",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "clock_timestamp",
    "coalesce",
    "col_description",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_database",
    "current_schema",
    "current_schemas",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "dense_rank",
    "encode",
    "every",
    "extract",
    "first_value",
    "floor",
    "format",
    "format_type",
    "gen_random_uuid",
    "generate_series",
    "generate_subscripts",
    "greatest",
    "grouping",
    "has_schema_privilege",
    "has_table_privilege",
    "hashtext",
    "initcap",
    "json_agg",
    "json_array_elements",
    "json_array_length",
    "json_build_array",
    "json_build_object",
    "json_each",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_each",
    "jsonb_object_agg",
    "jsonb_typeof",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_timestamp",
    "max",
    "md5",
    "min",
    "mod",
    "now",
    "nth_value",
    "ntile",
    "nullif",
    "obj_description",
    "octet_length",
    "overlay",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "pg_backend_pid",
    "pg_encoding_to_char",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_indexdef",
    "pg_get_userbyid",
    "pg_is_in_recovery",
    "pg_table_is_visible",
    "pg_type_is_visible",
    "pg_typeof",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "random",
    "rank",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "row_to_json",
    "rpad",
    "rtrim",
    "sha256",
    "sign",
    "split_part",
    "sqrt",
    "starts_with",
    "statement_timestamp",
    "stddev",
    "string_agg",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "sum",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_regclass",
    "to_timestamp",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "unnest",
    "upper",
    "variance",
    "version",
];

/// Index of the verb that a WITH leads to, or of the first word.
pub(super) fn main_verb(tokens: &[Token<'_>]) -> usize {
    if !tokens.first().is_some_and(|t| t.is("WITH")) {
        return 0;
    }
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark(b'(') => depth += 1,
            Token::Mark(b')') => depth -= 1,
            token if depth == 0 && at > 1 && (is_dml(token) || is_query(token)) => return at,
            _ => {}
        }
    }
    0
}

/// Index of the statement's first INSERT, UPDATE, DELETE or MERGE: the main
/// one if it is one, or one within WITH.
pub(super) fn first_dml(tokens: &[Token<'_>], main: usize) -> Option<usize> {
    if is_dml(&tokens[main]) {
        return Some(main);
    }
    (1..tokens.len()).find(|at| is_dml(&tokens[*at]) && tokens[at - 1] == Token::Mark(b'('))
}

fn is_query(token: &Token<'_>) -> bool {
    ["SELECT", "VALUES", "TABLE"].iter().any(|w| token.is(w))
}

fn is_dml(token: &Token<'_>) -> bool {
    ["INSERT", "UPDATE", "DELETE", "MERGE"]
        .iter()
        .any(|w| token.is(w))
}

/// `Ok` when nothing in `tokens` can write. Otherwise the index of the
/// function that may, where it is one.
pub(super) fn reads_only(tokens: &[Token<'_>]) -> Result<(), Option<usize>> {
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let written = token.is("INTO") || is_dml(token);
        let locked = token.is("FOR")
            && next.is_some_and(|n| {
                ["UPDATE", "SHARE", "NO", "KEY"]
                    .iter()
                    .any(|word| n.is(word))
            });
        if written || locked {
            return Err(None);
        }
        if next == Some(&Token::Mark(b'(')) && !harmless_before_parenthesis(tokens, at) {
            return Err(Some(at));
        }
    }
    Ok(())
}

fn harmless_before_parenthesis(tokens: &[Token<'_>], at: usize) -> bool {
    // `AS x(a, b)`, `WITH x(a, b)`: a list of columns, or a type's modifiers.
    let names_columns = |token: &Token<'_>| ["AS", "WITH", "RECURSIVE"].iter().any(|w| token.is(w));
    if at > 0 && names_columns(&tokens[at - 1]) {
        return true;
    }
    let qualified = at > 0 && tokens[at - 1] == Token::Mark(b'.');
    let built_in = !qualified
        || at
            .checked_sub(2)
            .is_some_and(|q| tokens[q].is("pg_catalog"));
    match tokens[at] {
        Token::Word(word) => {
            let Ok(word) = std::str::from_utf8(word) else {
                return false;
            };
            (!qualified && NOT_CALLS.iter().any(|w| w.eq_ignore_ascii_case(word)))
                || (built_in && READERS.iter().any(|w| w.eq_ignore_ascii_case(word)))
        }
        // A quoted name before a parenthesis may be any function.
        Token::Quoted(_) => false,
        _ => true,
    }
}
