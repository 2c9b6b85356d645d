//! `CLAIM[/VARIANT]...`: which cells of the catalogue are meant.

use exactly_claims::Claim;

/// A name that is not in the catalogue.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no claim or variant is called {name:?}; {}`exactly list` shows all", meant(.nearest))]
pub struct SelectError {
    /// The name given.
    pub name: String,
    /// The nearest name that exists.
    pub nearest: Option<String>,
}

fn meant(nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`? "),
        None => String::new(),
    }
}

/// The claims of `catalogue` with the variants that `names` select, in the
/// catalogue's order; all of them where there are no names.
pub fn select(catalogue: Vec<Claim>, names: &[String]) -> Result<Vec<Claim>, SelectError> {
    if names.is_empty() {
        return Ok(catalogue);
    }
    for name in names {
        let known = catalogue
            .iter()
            .any(|claim| selects(name, claim.id, None) || has_variant(claim, name));
        if !known {
            return Err(SelectError {
                name: name.clone(),
                nearest: nearest(&catalogue, name),
            });
        }
    }
    let wanted = |claim: &str, variant: &str| {
        names
            .iter()
            .any(|name| selects(name, claim, None) || selects(name, claim, Some(variant)))
    };
    let mut claims = catalogue;
    for claim in &mut claims {
        let id = claim.id;
        claim.variants.retain(|variant| wanted(id, variant.id));
    }
    claims.retain(|claim| !claim.variants.is_empty());
    Ok(claims)
}

fn has_variant(claim: &Claim, name: &str) -> bool {
    claim
        .variants
        .iter()
        .any(|variant| selects(name, claim.id, Some(variant.id)))
}

fn selects(name: &str, claim: &str, variant: Option<&str>) -> bool {
    match variant {
        None => name == claim,
        Some(variant) => name
            .split_once('/')
            .is_some_and(|(c, v)| c == claim && v == variant),
    }
}

/// The full name of a claim or variant that `name` most likely means: a
/// variant's bare id counts as its own name.
fn nearest(catalogue: &[Claim], name: &str) -> Option<String> {
    let mut names = Vec::new();
    for claim in catalogue {
        names.push((claim.id.to_string(), claim.id.to_string()));
        for variant in &claim.variants {
            let full = format!("{}/{}", claim.id, variant.id);
            names.push((variant.id.to_string(), full.clone()));
            names.push((full.clone(), full));
        }
    }
    nearest_of(
        names
            .iter()
            .map(|(typed, full)| (typed.as_str(), full.as_str())),
        name,
    )
}

/// The `full` of the pair whose `typed` is nearest to `name`. Always one where
/// there are any: even a far one shows what names look like.
pub(crate) fn nearest_of<'a>(
    names: impl Iterator<Item = (&'a str, &'a str)>,
    name: &str,
) -> Option<String> {
    // Whole thousandths order totally; ties go to the first.
    let likeness = |typed: &str| (strsim::jaro_winkler(typed, name) * 1000.0) as u32;
    let mut best: Option<(u32, &str)> = None;
    for (typed, full) in names {
        let like = likeness(typed);
        if best.is_none_or(|(most, _)| like > most) {
            best = Some((like, full));
        }
    }
    best.map(|(_, full)| full.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(claims: &[Claim]) -> Vec<String> {
        claims
            .iter()
            .flat_map(|c| c.variants.iter().map(move |v| format!("{}/{}", c.id, v.id)))
            .collect()
    }

    fn pick(given: &[&str]) -> Result<Vec<String>, SelectError> {
        let given: Vec<String> = given.iter().map(|s| s.to_string()).collect();
        select(exactly_claims::catalogue(), &given).map(|claims| names(&claims))
    }

    #[test]
    fn without_names_all_and_a_claim_selects_its_variants() {
        let all = names(&exactly_claims::catalogue());
        assert!(!all.is_empty());
        assert_eq!(pick(&[]).unwrap(), all);
        let first = exactly_claims::catalogue().remove(0);
        let picked = pick(&[first.id]).unwrap();
        assert_eq!(picked.len(), first.variants.len());
    }

    #[test]
    fn variants_come_once_and_in_the_order_of_the_catalogue() {
        let all = names(&exactly_claims::catalogue());
        let (first, last) = (all[0].as_str(), all[all.len() - 1].as_str());
        assert_eq!(pick(&[last, first, last]).unwrap(), [first, last]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        for (given, nearest) in [
            ("ack-afterprocess", "ack-after-process"),
            ("effect-then-ack", "ack-after-process/effect-then-ack"),
            (
                "ack-after-process/inbox-than-ack",
                "ack-after-process/inbox-then-ack",
            ),
        ] {
            let error = pick(&[given]).unwrap_err();
            assert_eq!(error.nearest.as_deref(), Some(nearest), "{given}");
            assert!(error.to_string().contains("did you mean"), "{error}");
        }
        for given in ["nonsense", "", "ack-after-process/", "/"] {
            assert!(pick(&[given]).is_err(), "{given:?}");
        }
    }
}
