//! `kagimori ask can` and `kagimori ask why`: one request, its answer, and what the answer rests on.

use std::collections::BTreeSet;
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_estate::access::{Access, Answered, Asked, Extent, Piece};
use kagimori_policy::decision::{Answer, Miss};
use kagimori_policy::formula::Atom;
use kagimori_policy::policies::{Layer, StatementRef};
use kagimori_policy::{print, reference};
use kagimori_terminal::printer;
use kagimori_terminal::schema::Schema;
use kagimori_terminal::style::{DIM, GREEN_BOLD as GREEN, RED_BOLD as RED, YELLOW_BOLD as YELLOW};
use kagimori_trail::redact;
use serde::Serialize;

use super::question;
use crate::args::{Can, Format};
use crate::error::AppError;
use crate::exit::Exit;
use crate::show::numbers::counted;

/// How many parts of a pattern are shown.
const PIECES_MAX: usize = 5;
/// How many near misses are quoted.
const NEAR_MISSES_MAX: usize = 5;

pub(super) fn run(args: &Can, explains: bool) -> Result<Exit, AppError> {
    let (estate, now) = super::estate(&args.circumstances.dir)?;
    let mut access = Access::of(&estate);
    let question = question::read(&mut access, &args.action, &args.resource, &args.circumstances, now)?;
    let subject = question::caller(&access, &args.principal)?;
    let asked = access.answer(&subject, &question);
    match args.circumstances.format {
        Format::Human => printer::text(&text(&asked, &question.resource, explains))?,
        Format::Json => json(&asked, &question.resource, now)?,
    }
    let exit = match asked.extent {
        Extent::All => Exit::Clean,
        Extent::Some | Extent::None => Exit::Findings,
        Extent::Open => Exit::Failed,
    };
    Ok(super::exit(&estate, exit))
}

fn text(asked: &Asked, resource: &str, explains: bool) -> String {
    let mut text = String::new();
    let Some(first) = asked.pieces.first() else { return text };
    let request = &first.answered.request;
    let who = request.principal.arn().unwrap_or_default();
    let is_one = asked.pieces.len() == 1;
    let verdict = if is_one { verdict(&first.answered) } else { extent(asked.extent) };
    let _ = writeln!(text, "{verdict}  {who}\n  {} on {resource}", request.action);
    if is_one {
        reasons(&first.answered, explains, &mut text);
        return text;
    }
    for piece in asked.pieces.iter().take(PIECES_MAX) {
        let _ = writeln!(text, "\n{}  {}", self::verdict(&piece.answered), which(piece));
        reasons(&piece.answered, explains, &mut text);
    }
    let more = asked.pieces.len().saturating_sub(PIECES_MAX);
    if more > 0 {
        let _ = writeln!(text, "\nand {} more; --format json lists them", counted(more, "part"));
    }
    text
}

/// Which resources of a question a piece is.
pub(super) fn which(piece: &Piece) -> String {
    let like = &piece.answered.request.resource;
    match (piece.within.as_slice(), piece.outside.as_slice()) {
        ([], []) => format!("all of them, such as {like}"),
        ([], _) => format!("the rest, such as {like}"),
        (within, []) => format!("of {}, such as {like}", within.join(" and ")),
        (within, outside) => {
            format!("of {}, not of {}, such as {like}", within.join(" and "), outside.join(" or "))
        }
    }
}

fn extent(extent: Extent) -> String {
    match extent {
        Extent::All => format!("{GREEN}ALLOWED{GREEN:#} on all of them"),
        Extent::Some => format!("{YELLOW}SOME{YELLOW:#} are allowed, some are not"),
        Extent::None => format!("{RED}DENIED{RED:#} on all of them"),
        Extent::Open => format!("{YELLOW}DEPENDS{YELLOW:#}"),
    }
}

fn reasons(answered: &Answered, explains: bool, text: &mut String) {
    if answered.decision.answer == Answer::Indeterminate {
        let _ = writeln!(text, "\nAllowed if {}", condition(answered));
    }
    let decisive = &answered.decision.decisive;
    if !decisive.is_empty() {
        let _ = writeln!(text, "\n{}", if explains { "Decided by" } else { "Because of" });
        for place in decisive {
            statement(answered, *place, explains, text);
        }
    }
    if explains {
        changes(answered, text);
    }
    for assumption in &answered.assumptions {
        let _ = writeln!(text, "\n{DIM}assumed: {assumption}{DIM:#}");
    }
    for dispute in &answered.decision.disputed {
        let _ = writeln!(text, "\n{DIM}AWS's text leaves this open: {}{DIM:#}", dispute.reading());
    }
}

fn verdict(answered: &Answered) -> String {
    match answered.decision.answer {
        Answer::Allowed => format!("{GREEN}ALLOWED{GREEN:#}"),
        Answer::ExplicitlyDenied(_) => format!("{RED}DENIED{RED:#} explicitly"),
        Answer::ImplicitlyDenied(layer) => format!("{RED}DENIED{RED:#} (not allowed by {layer})"),
        Answer::Indeterminate => format!("{YELLOW}DEPENDS{YELLOW:#}"),
    }
}

/// One statement: effect, Sid, where it stands; and its text.
fn statement(answered: &Answered, place: StatementRef, quotes: bool, text: &mut String) {
    let Some(found) = answered.policies.statement(place) else { return };
    let sid = found.sid.as_deref().map(|sid| format!(" `{sid}`")).unwrap_or_default();
    let _ = writeln!(
        text,
        "  {}{sid}, statement {} of {}",
        found.effect,
        place.statement.saturating_add(1),
        origin(answered, place)
    );
    if quotes {
        for line in redact::policy(&print::print_statement(found)).lines() {
            let _ = writeln!(text, "    {DIM}{line}{DIM:#}");
        }
    }
}

fn origin(answered: &Answered, place: StatementRef) -> String {
    let Some(origin) = answered.origin(place) else { return place.layer.to_string() };
    let file = origin.file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default();
    format!("{}{file}", origin.name)
}

/// What would have to change for another answer.
fn changes(answered: &Answered, text: &mut String) {
    let decision = &answered.decision;
    let sentence = match decision.answer {
        Answer::Allowed => match decision.decisive.len() {
            0 => "nothing in a policy can take this away".to_owned(),
            1 => "without this statement it would be denied".to_owned(),
            count => {
                format!("each layer needs one of its statements; none of these {count} alone is to thank")
            }
        },
        Answer::ExplicitlyDenied(_) => match decision.decisive.len() {
            1 => "this statement would have to go, or not apply; an Allow does not help".to_owned(),
            count => format!("all {count} statements would have to go, or not apply; an Allow does not help"),
        },
        Answer::ImplicitlyDenied(layer) => missing_allow(layer, answered),
        Answer::Indeterminate => {
            let keys = decision.missing_keys();
            if decision.allowed_if.atoms().iter().any(|atom| matches!(atom, Atom::Undocumented { .. })) {
                "grant it on `*`: AWS does not say what it compares for an action that works on no resource"
                    .to_owned()
            } else if keys.is_empty() {
                "give the missing policies".to_owned()
            } else {
                format!("say more with --context: {}", keys.join(", "))
            }
        }
    };
    let _ = writeln!(text, "\nTo change it\n  {sentence}");
    if let Answer::ImplicitlyDenied(layer) = decision.answer {
        near_misses(layer, answered, text);
    }
}

fn missing_allow(layer: Layer, answered: &Answered) -> String {
    let action = &answered.request.action;
    match layer {
        Layer::Aws => "nothing: AWS lets nobody do this, whatever the policies say".to_owned(),
        Layer::Credential => {
            "other credentials: this kind cannot make the call, whatever the policies say".to_owned()
        }
        Layer::BlockPublicAccess => {
            "turn off RestrictPublicBuckets, or make the bucket's policy not public".to_owned()
        }
        Layer::ServiceControl => format!("a service control policy of each level must allow {action}"),
        _ => format!("{layer} must allow {action} on this resource"),
    }
}

fn near_misses(layer: Layer, answered: &Answered, text: &mut String) {
    let misses = reference::near_misses(&answered.request, &answered.policies, layer);
    if misses.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nNearly");
    for (place, miss) in misses.iter().take(NEAR_MISSES_MAX) {
        let why = match miss {
            Miss::Resource => "is about other resources",
            Miss::Condition => "has conditions that do not hold",
        };
        let _ = writeln!(text, "  this one names the action, but {why}:");
        statement(answered, *place, true, text);
    }
    if misses.len() > NEAR_MISSES_MAX {
        let _ = writeln!(text, "  and {} more", misses.len().saturating_sub(NEAR_MISSES_MAX));
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    answer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<&'static str>,
    decisive: Vec<Quoted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_if: Option<String>,
    missing_keys: Vec<&'a str>,
    assumptions: &'a [String],
    disputed: Vec<&'static str>,
    /// The resources of a pattern that have answers of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartOutput<'a>>,
}

#[derive(Serialize)]
struct PartOutput<'a> {
    answer: &'static str,
    example: &'a str,
    within: &'a [String],
    outside: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_if: Option<String>,
}

#[derive(Serialize)]
struct Quoted {
    layer: &'static str,
    policy: String,
    file: Option<String>,
    number: usize,
    statement: serde_json::Value,
}

fn json(asked: &Asked, resource: &str, now: Timestamp) -> Result<(), AppError> {
    // What is said of the whole is said by the piece that decides it.
    let Some(Piece { answered, .. }) = deciding(asked) else { return Ok(()) };
    let decision = &answered.decision;
    let is_open = decision.answer == Answer::Indeterminate;
    let output = Output {
        schema: Schema { name: "kagimori.answer", version: 1 },
        now,
        principal: answered.request.principal.arn().unwrap_or_default(),
        action: &answered.request.action,
        resource,
        answer: if asked.extent == Extent::Some { "some" } else { word(decision.answer) },
        silent: match decision.answer {
            Answer::ImplicitlyDenied(layer) => Some(layer.short_name()),
            _ => None,
        },
        decisive: decisive(asked)?,
        allowed_if: is_open.then(|| condition(answered)),
        missing_keys: decision.missing_keys(),
        assumptions: &answered.assumptions,
        disputed: decision.disputed.iter().map(|dispute| dispute.reading()).collect(),
        parts: if asked.pieces.len() > 1 { asked.pieces.iter().map(part).collect() } else { Vec::new() },
    };
    Ok(printer::json(&output)?)
}

/// The piece that says what the whole is: one that is open, or denied for want of an allow, or the first.
fn deciding(asked: &Asked) -> Option<&Piece> {
    let is_it = |piece: &&Piece| match (asked.extent, piece.answered.decision.answer) {
        (Extent::Open, answer) => answer == Answer::Indeterminate,
        (Extent::None, answer) => matches!(answer, Answer::ImplicitlyDenied(_)),
        (Extent::All | Extent::Some, _) => true,
    };
    asked.pieces.iter().find(is_it).or(asked.pieces.first())
}

/// The statements that decided, of every piece, each once.
fn decisive(asked: &Asked) -> Result<Vec<Quoted>, AppError> {
    let mut seen = BTreeSet::new();
    let mut quoted = Vec::new();
    for Piece { answered, .. } in &asked.pieces {
        for place in &answered.decision.decisive {
            if seen.insert((answered.origin(*place), *place)) {
                quoted.push(quote(answered, *place)?);
            }
        }
    }
    Ok(quoted)
}

fn quote(answered: &Answered, place: StatementRef) -> Result<Quoted, AppError> {
    let origin = answered.origin(place);
    let text = answered.policies.statement(place).map(print::print_statement).unwrap_or_default();
    let text = redact::policy(&text);
    Ok(Quoted {
        layer: place.layer.short_name(),
        policy: origin.map(|origin| origin.name.clone()).unwrap_or_default(),
        file: origin.and_then(|origin| origin.file.clone()),
        number: place.statement.saturating_add(1),
        statement: serde_json::from_str(&text).map_err(AppError::Encode)?,
    })
}

fn part(piece: &Piece) -> PartOutput<'_> {
    let decision = &piece.answered.decision;
    PartOutput {
        answer: word(decision.answer),
        example: &piece.answered.request.resource,
        within: &piece.within,
        outside: &piece.outside,
        allowed_if: (decision.answer == Answer::Indeterminate).then(|| condition(&piece.answered)),
    }
}

/// What an open answer depends on. Values of conditions may be external ids and worse.
pub(super) fn condition(answered: &Answered) -> String {
    redact::policy(&answered.decision.allowed_if.to_string()).into_owned()
}

/// An answer in one word, the same in every format.
pub(super) fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Allowed => "allowed",
        Answer::ImplicitlyDenied(_) => "implicitly_denied",
        Answer::ExplicitlyDenied(_) => "explicitly_denied",
        Answer::Indeterminate => "depends",
    }
}
