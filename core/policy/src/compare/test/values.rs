//! A text that passes some comparisons and fails others.
//!
//! Texts are searched for with patterns. Numbers, points in time and addresses are ordered: between two of the policy's
//! values nothing changes, so one value at each bound and one in each gap are all there is to try.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::operator::{Comparison, Relation};
use crate::value::{self, Decimal};

use super::super::keys;
use super::super::text::{Effort, Found, Pattern, Query};
use super::{Test, Values};

/// Values that have an order.
#[derive(Debug)]
pub(super) enum Ordered {
    Numbers(Relation, Vec<String>),
    Instants(Relation, Vec<i128>),
    Ranges(Vec<IpNet>),
}

/// What is asked of one text.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) test: &'a Test,
    /// Whether it must pass, or must fail.
    pub(super) passes: bool,
}

/// The texts there are.
#[derive(Clone, Copy)]
pub(super) struct Universe<'e> {
    pub(super) values: keys::Values,
    /// The empty text is one of them; what every request has is never empty.
    pub(super) has_empty: bool,
    pub(super) effort: &'e Effort,
}

impl Universe<'_> {
    pub(super) fn has_empty_text(self) -> bool {
        self.has_empty && self.values.admit("")
    }
}

impl Ordered {
    pub(super) fn read<'a>(comparison: Comparison, texts: impl Iterator<Item = &'a str>) -> Self {
        match comparison {
            Comparison::Date(relation) => {
                Self::Instants(relation, texts.filter_map(value::instant).collect())
            }
            Comparison::Numeric(relation) => {
                let numbers = texts.filter(|text| Decimal::parse(text).is_some());
                Self::Numbers(relation, numbers.map(str::to_owned).collect())
            }
            _ => Self::Ranges(texts.filter_map(value::ip_range).collect()),
        }
    }

    /// `None` when the text is no value of this kind: it satisfies neither an operator nor its negation.
    fn matches(&self, text: &str) -> Option<bool> {
        match self {
            Self::Numbers(relation, wanted) => {
                let number = Decimal::parse(text)?;
                let holds = |it: &String| {
                    Decimal::parse(it).is_some_and(|wanted| relation.holds(number.cmp(&wanted)))
                };
                Some(wanted.iter().any(holds))
            }
            Self::Instants(relation, wanted) => {
                let time = value::instant(text)?;
                Some(wanted.iter().any(|it| relation.holds(time.cmp(it))))
            }
            Self::Ranges(wanted) => {
                let address: IpAddr = text.parse().ok()?;
                Some(wanted.iter().any(|range| range.contains(&address)))
            }
        }
    }

    /// Values at each bound and in each gap.
    fn candidates(&self, into: &mut BTreeSet<String>) {
        match self {
            Self::Numbers(_, wanted) => numbers(wanted, into),
            Self::Instants(_, wanted) => {
                for &at in wanted {
                    let second = 1_000_000_000;
                    let near = [0, 1, -1, second, -second].map(|step: i128| at.saturating_add(step));
                    into.extend(near.into_iter().map(written_instant));
                }
                into.insert(written_instant(0));
            }
            Self::Ranges(wanted) => addresses(wanted, into),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Numbers(..) => 0,
            Self::Instants(..) => 1,
            Self::Ranges(_) => 2,
        }
    }
}

/// Whole neighbours, and neighbours closer than any other value can be.
fn numbers(wanted: &[String], into: &mut BTreeSet<String>) {
    let longest = wanted.iter().map(String::len).max().unwrap_or_default();
    let huge = format!("1{}", "0".repeat(longest.saturating_add(1)));
    into.extend(["0".to_owned(), "1".to_owned(), "-1".to_owned(), format!("-{huge}"), huge]);
    for text in wanted {
        into.insert(text.clone());
        if let Ok(whole) = text.parse::<i128>() {
            into.extend([whole.saturating_add(1).to_string(), whole.saturating_sub(1).to_string()]);
        }
        // Beyond the last digit of every value: away from zero, to the next gap.
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let zeros = "0".repeat(longest.saturating_sub(fraction.len()).saturating_add(1));
        into.insert(format!("{whole}.{fraction}{zeros}1"));
    }
    // Around zero the gap lies on both sides.
    let zeros = "0".repeat(longest);
    into.extend([format!("0.{zeros}1"), format!("-0.{zeros}1")]);
}

fn written_instant(nanoseconds: i128) -> String {
    if let Ok(time) = jiff::Timestamp::from_nanosecond(nanoseconds) {
        return time.to_string();
    }
    let (size, sign) = (nanoseconds.unsigned_abs(), if nanoseconds < 0 { "-" } else { "" });
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

fn addresses(wanted: &[IpNet], into: &mut BTreeSet<String>) {
    into.extend(["203.0.113.7", "0.0.0.0", "2001:db8::7", "::"].map(str::to_owned));
    for range in wanted {
        match range {
            IpNet::V4(range) => {
                let (first, last) = (u32::from(range.network()), u32::from(range.broadcast()));
                let near = [Some(first), Some(last), first.checked_sub(1), last.checked_add(1)];
                into.extend(near.into_iter().flatten().map(|it| Ipv4Addr::from(it).to_string()));
            }
            IpNet::V6(range) => {
                let (first, last) = (u128::from(range.network()), u128::from(range.broadcast()));
                let near = [Some(first), Some(last), first.checked_sub(1), last.checked_add(1)];
                into.extend(near.into_iter().flatten().map(|it| Ipv6Addr::from(it).to_string()));
            }
        }
    }
}

/// A text that does what is asked: the empty one, or one that is not empty.
pub(super) fn text_for(asked: &[Member<'_>], is_empty: bool, universe: Universe<'_>) -> Found {
    let ordered: Vec<(&Ordered, bool, bool)> = asked
        .iter()
        .filter_map(|member| match &member.test.values {
            Values::Ordered(ordered) => Some((ordered, member.test.operator.negated, member.passes)),
            _ => None,
        })
        .collect();
    let fits = |text: &str| {
        universe.values.admit(text)
            && ordered.iter().all(|(ordered, negated, passes)| {
                ordered.matches(text).is_some_and(|matches| matches != *negated) == *passes
            })
    };
    if ordered.len() < asked.len() || ordered.is_empty() || is_empty {
        return text_of_patterns(asked, is_empty, &ordered, universe, &fits);
    }
    let mut candidates = BTreeSet::from(["x".to_owned()]);
    candidates.extend(universe.values.samples().iter().map(|text| (*text).to_owned()));
    ordered.iter().for_each(|(ordered, ..)| ordered.candidates(&mut candidates));
    if let Some(text) = shortest(candidates, &fits) {
        return Found::Text(text);
    }
    // A text may be a number and a point in time at once.
    let first = ordered.first().map(|(ordered, ..)| ordered.kind());
    let is_one_kind = ordered.iter().all(|(ordered, ..)| Some(ordered.kind()) == first);
    if is_one_kind { Found::None } else { Found::Perhaps }
}

fn shortest(candidates: BTreeSet<String>, fits: &dyn Fn(&str) -> bool) -> Option<String> {
    candidates.into_iter().filter(|text| fits(text)).min_by_key(String::len)
}

/// Patterns lead the search; what has an order is tried on what they find, and they on values at its bounds.
fn text_of_patterns(
    asked: &[Member<'_>],
    is_empty: bool,
    ordered: &[(&Ordered, bool, bool)],
    universe: Universe<'_>,
    fits: &dyn Fn(&str) -> bool,
) -> Found {
    let (every_arn, empty) = ([Pattern::every_arn()], [Pattern::literal("", super::Case::Exact)]);
    let booleans = ["true", "false"].map(|text| Pattern::literal(text, super::Case::Exact));
    let mut query = Query::within_effort(universe.effort);
    match universe.values {
        keys::Values::Booleans => query.within.push(&booleans),
        keys::Values::Arns => query.frame = Some(&every_arn),
        _ => {}
    }
    let mut queries = vec![query];
    for member in asked {
        queries = with_member(queries, member, &every_arn);
    }
    let mut perhaps = false;
    for query in &mut queries {
        if is_empty { &mut query.within } else { &mut query.without }.push(&empty);
        match query.find(&|text| !fits(text)) {
            Found::Text(text) => return Found::Text(text),
            Found::Perhaps => perhaps = true,
            Found::None => {}
        }
    }
    if !perhaps {
        return Found::None;
    }
    let mut candidates = BTreeSet::from_iter(universe.values.samples().iter().map(|text| (*text).to_owned()));
    ordered.iter().for_each(|(ordered, ..)| ordered.candidates(&mut candidates));
    let passes = |text: &str| fits(text) && queries.iter().any(|query| query.admits(text));
    shortest(candidates, &passes).map_or(Found::Perhaps, Found::Text)
}

/// The queries with one more thing asked; failing a negated comparison of ARNs can be done in two ways.
fn with_member<'a>(queries: Vec<Query<'a>>, member: &Member<'a>, every_arn: &'a [Pattern]) -> Vec<Query<'a>> {
    let must_match = member.passes != member.test.operator.negated;
    let mut all = Vec::new();
    for mut query in queries {
        match &member.test.values {
            Values::Texts(patterns) | Values::Arns(patterns) if must_match => {
                if matches!(member.test.values, Values::Arns(_)) && !member.passes {
                    let mut apart = query.clone();
                    apart.without.push(every_arn);
                    all.push(apart);
                }
                query.within.push(patterns);
            }
            Values::Texts(patterns) => query.without.push(patterns),
            Values::Arns(patterns) => {
                query.without.push(patterns);
                if member.passes {
                    query.within.push(every_arn);
                }
            }
            Values::Ordered(_) | Values::Absence(_) => {}
        }
        all.push(query);
    }
    all
}
